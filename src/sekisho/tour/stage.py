"""The stage of the tour: the local AWS that runs, the people, and what they sign with.

Everybody talks to AWS through `account.aws`, that is by unmodified boto3 clients over HTTP with
signed requests, and signs in through the console's own forms. Only the clock is moved by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sekisho.account import AccountFile, Snapshot
from sekisho.account.aws import Keys, connect
from sekisho.errors import AwsRefused, InternalError
from sekisho.localaws import LocalAws
from sekisho.messages import Message
from sekisho.policy import DESCRIPTION, Document, Preset, choices_of, force_mfa
from sekisho.rollout import PolicyGoal
from sekisho.signin import device_arn, totp
from sekisho.tour import cast
from sekisho.tour.applied import Applied
from sekisho.tour.console import Console, Next, Page
from sekisho.tour.ear import Ear
from sekisho.tour.people import Person
from sekisho.tour.scene import DONE, Actor, Scene, Want
from sekisho.tour.step import OK, Exchange, Held
from sekisho.tour.texts import WORDS
from sekisho.tour.texts.sections import NOBODY, SECTIONS

__all__ = ["REGION", "Stage"]

REGION = "us-east-1"
"""Where IAM's global endpoint signs; the local AWS has every region."""


@dataclass(slots=True)
class Stage:
    """What every act needs.

    Attributes:
        workshop: a directory for the plans' journals.
        make_password: returns a new password that AWS's default password policy takes.
        applied: the plans that were applied, in order.
    """

    local: LocalAws
    company: AccountFile
    preset: Preset
    workshop: Path
    make_password: Callable[[], str]
    applied: list[Applied] = field(default_factory=list)
    _people: dict[str, Person] = field(init=False)
    _ear: Ear = field(init=False)
    _administrator: Actor | None = None
    _snapshot: Snapshot | None = None

    def __post_init__(self) -> None:
        self._ear = Ear(self.local)
        self._people = {
            name: Person(name, held.password or "")
            for name, held in self.company.credentials.items()
        }
        for name, held in self.company.credentials.items():
            for device in held.devices:
                self._people[name].phone.scan(self.company.serial_of(device), device.seed)

    @property
    def account(self) -> str:
        """The company's account id."""
        return self.company.account

    @property
    def partition(self) -> str:
        """The company's partition."""
        return self.company.partition

    @property
    def other_preset(self) -> Preset:
        """The preset whose first sign-in comes out the other way."""
        return Preset.FIRST_LOGIN if self.preset is Preset.AWS else Preset.AWS

    @property
    def administrator(self) -> Actor:
        """The administrator's session.

        Raises:
            InternalError: before the administrator has signed in.
        """
        if self._administrator is None:
            raise InternalError("the administrator of the tour has not signed in yet")
        return self._administrator

    @administrator.setter
    def administrator(self, actor: Actor) -> None:
        self._administrator = actor

    @property
    def snapshot(self) -> Snapshot:
        """The account as it was before anything was changed.

        Raises:
            InternalError: before the account was read.
        """
        if self._snapshot is None:
            raise InternalError("the account of the tour was not read yet")
        return self._snapshot

    @snapshot.setter
    def snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def document(self, preset: Preset) -> Document:
        """Return the preset's policy for this partition."""
        return force_mfa(replace(choices_of(preset), partition=self.partition))

    def policy_goal(self, name: str, preset: Preset) -> PolicyGoal:
        """Return the preset's policy as a plan's goal."""
        return PolicyGoal(name, self.document(preset), description=DESCRIPTION, tags=cast.TAGS)

    def policy_arn(self, name: str) -> str:
        """Return the ARN of a customer managed policy."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{name}"

    def aws_policy_arn(self, name: str) -> str:
        """Return the ARN of an AWS managed policy."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def device_arn(self, name: str) -> str:
        """Return the serial number of a virtual device."""
        return device_arn(self.partition, self.account, "/", name)

    def role_arn(self, name: str) -> str:
        """Return the ARN of a role."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def temporary_password(self, name: str) -> str:
        """Make a new user's temporary password and tell it to that person only."""
        person = self.person(name)
        person.password = self.make_password()
        return person.password

    def now(self) -> datetime:
        """Return the time that codes, sessions and policies go by."""
        return self.local.clock.now()

    def scene(self, step: str, **names: str) -> Scene:
        """Open the scene of a step; `names` fill its section's heading."""
        section = SECTIONS[step.rsplit(".", 1)[0]] if step.count(".") > 1 else NOBODY
        return Scene(step, section.filled(**names), WORDS[step], self._ear)

    def person(self, name: str) -> Person:
        """Return the person with that user name, who may be new."""
        return self._people.setdefault(name, Person(name))

    def actor(self, name: str, held: Held, keys: Keys) -> Actor:
        """Return somebody who signs with `keys`."""
        api = connect(region=REGION, endpoint_url=self.local.url, credentials=keys)
        return Actor(name, held, api)

    def key_of(self, name: str) -> Actor:
        """Return the user's first long-term access key, ready to sign with."""
        return self.key(name, self.company.credentials[name].keys[0].id)

    def key(self, name: str, key_id: str) -> Actor:
        """Return one of the user's long-term access keys."""
        for entry in self.company.credentials[name].keys:
            if entry.id == key_id:
                return self.actor(name, Held.LONG_TERM_KEY, Keys(entry.id, entry.secret))
        raise InternalError(f"the company has no key `{key_id}` of `{name}`")

    def session_of(self, name: str, held: Held, answer: Mapping[str, Any]) -> Actor:
        """Return the session that an STS call has answered with."""
        given = answer["Credentials"]
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self.actor(name, held, keys)

    def fresh_code(self, scene: Scene, person: Person, serial: str) -> str:
        """Return a code that was not used yet; who has used one waits for the next.

        The wait is a whole period whatever the time: how often the clock is moved must not hang
        on how fast the tour runs.
        """
        if person.phone.used(serial) is not None:
            self.move(scene, timedelta(seconds=totp.PERIOD))
        return person.phone.use(serial, totp.step_of(self.now()))

    def two_codes(self, scene: Scene, person: Person, serial: str) -> tuple[str, str]:
        """Return two consecutive codes, the older first; moves the clock between them."""
        first = self.fresh_code(scene, person, serial)
        step = person.phone.used(serial)
        if step is None:
            raise InternalError("a code that was used and is not remembered")
        self.move(scene, timedelta(seconds=totp.PERIOD))
        return first, person.phone.use(serial, step + 1)

    def move(self, scene: Scene, step: timedelta) -> None:
        """Move the endpoint's clock instead of waiting, and say so."""
        self.local.clock.advance(step)
        scene.moved(step)

    def sign_in(self, scene: Scene, person: Person, expected: Next = Next.DONE) -> Actor | None:
        """Sign in at the console as far as password and MFA go; the page then must be `expected`.

        Returns:
            The session, if the sign-in is done.
        """
        page = self.password_page(scene, person)
        if page.next is Next.MFA:
            page = self.code_page(scene, person, page)
        scene.check(_NEXT_PAGE, expected.value, page.next.value)
        return self.console_session(person, page) if page.next is Next.DONE else None

    def signed_in(self, scene: Scene, person: Person) -> Actor:
        """Sign in at the console and return the session."""
        session = self.sign_in(scene, person)
        if session is None:
            raise InternalError("a sign-in that is done without a session")
        return session

    def password_page(self, scene: Scene, person: Person) -> Page:
        """Send user name and password."""
        page = self.console().sign_in(person.name, person.password)
        self._told(scene, person, "signin:ConsoleLogin", page)
        return page

    def code_page(self, scene: Scene, person: Person, page: Page) -> Page:
        """Send a fresh code of the person's device."""
        serial = person.phone.serials[-1]
        code = self.fresh_code(scene, person, serial)
        answer = self.console().mfa(page.ticket, code)
        self._told(scene, person, "signin:CheckMfa", answer)
        return answer

    def send_code(self, scene: Scene, person: Person, page: Page, code: str, want: Want) -> None:
        """Send a code for which the page must answer `want`."""
        try:
            answer = self.console().mfa(page.ticket, code)
        except AwsRefused as refused:
            self._refused(scene, person, "signin:CheckMfa", refused, want)
            return
        self._told(scene, person, "signin:CheckMfa", answer, want)

    def change_password(
        self, scene: Scene, person: Person, page: Page, new: str, want: Want = DONE
    ) -> Page:
        """Send the form of the forced password change and remember the new password."""
        operation = "iam:ChangePassword"
        try:
            answer = self.console().new_password(page.ticket, person.password, new)
        except AwsRefused as refused:
            self._refused(scene, person, operation, refused, want)
            return page
        self._told(scene, person, operation, answer, want)
        person.password = new
        return answer

    def console(self) -> Console:
        """Return the sign-in page in a new browser window."""
        return Console(self.local.url, self.account)

    def console_session(self, person: Person, page: Page) -> Actor:
        """Return the session of a finished sign-in."""
        if page.keys is None:
            raise InternalError("a finished sign-in without credentials")
        held = Held.CONSOLE_WITH_MFA if page.mfa_used else Held.CONSOLE_WITHOUT_MFA
        return self.actor(person.name, held, page.keys)

    def _told(
        self, scene: Scene, person: Person, operation: str, page: Page, want: Want = DONE
    ) -> None:
        exchange = Exchange(person.name, Held.PASSWORD, operation, page.next.value, want.answer, OK)
        scene.record(exchange, want)

    def _refused(
        self, scene: Scene, person: Person, operation: str, refused: AwsRefused, want: Want
    ) -> None:
        exchange = Exchange(
            *(person.name, Held.PASSWORD, operation, "", want.answer),
            answer=refused.aws_code,
            message=refused.aws_message,
        )
        scene.record(exchange, want)


_NEXT_PAGE = Message("the page after signing in")
