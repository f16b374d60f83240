"""The stage of the tour: the running local AWS, the people, and their credentials.

Everybody talks to AWS through `account.aws`, that is by unmodified boto3 clients over HTTP with
signed requests, and signs in through the console's own forms. Only the clock is moved by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sekisho.account import AccountFile, Snapshot, Usage
from sekisho.account.aws import Keys, connect
from sekisho.errors import AwsRefused, InternalError
from sekisho.localaws import ConsoleClient, LocalAws, ShownPage
from sekisho.messages import Message
from sekisho.policy import DESCRIPTION, Document, Preset, choices_of, force_mfa
from sekisho.rollout import Journal, Plan, PolicyGoal, RollbackReport
from sekisho.signin import PERIOD, NextStep, code_at, device_arn, step_of
from sekisho.tour import company
from sekisho.tour.rehearsal.recording import Client, DecisionReader, StepRecorder
from sekisho.tour.rehearsal.steps import DONE, OK, Exchange, Expected, StepCredential, narration_of


@dataclass(slots=True)
class Phone:
    """An authenticator app: it holds seeds and shows a code for each 30-second step."""

    _seeds: dict[str, str] = field(default_factory=dict, repr=False)
    _used: dict[str, int] = field(default_factory=dict, repr=False)

    def add(self, serial: str, seed: str) -> None:
        """Add a device by its seed, as scanning its QR code or typing the seed in does."""
        self._seeds[serial] = seed

    @property
    def serials(self) -> tuple[str, ...]:
        """The devices in the app, in the order in which they were added."""
        return tuple(self._seeds)

    def code(self, serial: str, step: int) -> str:
        """Return the code that the app shows for a device in a 30-second step."""
        if serial not in self._seeds:
            raise InternalError(f"a phone that does not have `{serial}`")
        return code_at(self._seeds[serial], step)

    def use(self, serial: str, step: int) -> str:
        """Return the code of a step and remember that its owner has typed it somewhere."""
        self._used[serial] = step
        return self.code(serial, step)

    def used(self, serial: str) -> int | None:
        """Return the last step whose code was typed; None if none was."""
        return self._used.get(serial)


@dataclass(slots=True)
class RehearsedUser:
    """Somebody with a user name, perhaps a password, and a phone."""

    name: str
    password: str = field(default="", repr=False)
    phone: Phone = field(default_factory=Phone)


@dataclass(slots=True)
class AppliedPlan:
    """A plan that was applied.

    Attributes:
        before: what the account credential at the plan's addresses, as canonical JSON.
        report: what came of taking it back; None until then.
    """

    plan: Plan
    journal: Journal
    before: str = field(repr=False)
    report: RollbackReport | None = None


_REGION = "us-east-1"
"""Where IAM's global endpoint signs; the local AWS has every region."""


@dataclass(slots=True)
class TourRehearsal:
    """The running local AWS, the people and the plans of a tour.

    Attributes:
        journal_folder: a directory for the plans' journals.
        make_password: returns a new password that AWS's default password policy takes.
        applied_plans: the plans that were applied, in order.
        usage: what the company's logs say, which plans go by; None if they were not read.
    """

    local: LocalAws
    company: AccountFile
    preset: Preset
    journal_folder: Path
    make_password: Callable[[], str]
    applied_plans: list[AppliedPlan] = field(default_factory=list)
    usage: Usage | None = None
    _people: dict[str, RehearsedUser] = field(init=False)
    _decisions: DecisionReader = field(init=False)
    _administrator: Client | None = None
    _snapshot: Snapshot | None = None

    def __post_init__(self) -> None:
        self._decisions = DecisionReader(self.local)
        self._people = {
            name: RehearsedUser(name, credentials.password or "")
            for name, credentials in self.company.credentials.items()
        }
        for name, credentials in self.company.credentials.items():
            for device in credentials.devices:
                self._people[name].phone.add(device.serial, self.company.seeds[device.serial])

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
    def administrator(self) -> Client:
        """The administrator's session.

        Raises:
            InternalError: before the administrator has signed in.
        """
        if self._administrator is None:
            raise InternalError("the administrator of the tour has not signed in yet")
        return self._administrator

    @administrator.setter
    def administrator(self, client: Client) -> None:
        self._administrator = client

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
        return PolicyGoal(name, self.document(preset), description=DESCRIPTION, tags=company.TAGS)

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

    def step(self, step_id: str, **names: str) -> StepRecorder:
        """Begin the step of that id; `names` fill its section's heading."""
        return StepRecorder(narration_of(step_id, names), self._decisions)

    def person(self, name: str) -> RehearsedUser:
        """Return the person with that user name; an unknown one is made."""
        return self._people.setdefault(name, RehearsedUser(name))

    def client(self, name: str, credential: StepCredential, keys: Keys) -> Client:
        """Return somebody who signs with `keys`."""
        api = connect(region=_REGION, endpoint_url=self.local.url, credentials=keys)
        return Client(name, credential, api)

    def key_of(self, name: str) -> Client:
        """Return the user's first long-term access key, ready to sign with."""
        return self.key(name, self.company.credentials[name].keys[0].id)

    def key(self, name: str, key_id: str) -> Client:
        """Return one of the user's long-term access keys."""
        if all(key.id != key_id for key in self.company.credentials[name].keys):
            raise InternalError(f"the company has no key `{key_id}` of `{name}`")
        keys = Keys(key_id, self.company.secret_keys[key_id])
        return self.client(name, StepCredential.LONG_TERM_KEY, keys)

    def session_of(
        self, name: str, credential: StepCredential, answer: Mapping[str, Any]
    ) -> Client:
        """Return the session that an STS call has answered with."""
        given = answer["Credentials"]
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self.client(name, credential, keys)

    def fresh_code(self, step: StepRecorder, person: RehearsedUser, serial: str) -> str:
        """Return a code that was not used yet; after a used one, the clock moves to the next.

        The wait is a whole period whatever the time: how often the clock is moved must not hang
        on how fast the tour runs.
        """
        if person.phone.used(serial) is not None:
            self.move_clock(step, timedelta(seconds=PERIOD))
        return person.phone.use(serial, step_of(self.now()))

    def two_codes(self, step: StepRecorder, person: RehearsedUser, serial: str) -> tuple[str, str]:
        """Return two consecutive codes, the older first; moves the clock between them."""
        first = self.fresh_code(step, person, serial)
        used = person.phone.used(serial)
        if used is None:
            raise InternalError("a code that was used and is not remembered")
        self.move_clock(step, timedelta(seconds=PERIOD))
        return first, person.phone.use(serial, used + 1)

    def move_clock(self, step: StepRecorder, by: timedelta) -> None:
        """Move the local AWS's clock instead of waiting, and say so."""
        self.local.clock.advance(by)
        step.clock_moved(by)

    def sign_in(
        self, step: StepRecorder, person: RehearsedUser, expected: NextStep = NextStep.DONE
    ) -> Client | None:
        """Sign in at the console as far as password and MFA go; the page then must be `expected`.

        Returns:
            The session, if the sign-in is done.
        """
        page = self.password_page(step, person)
        if page.next is NextStep.NEEDS_MFA:
            page = self.code_page(step, person, page)
        step.check(_NEXT_PAGE, expected.value, page.next.value)
        return self.console_session(person, page) if page.next is NextStep.DONE else None

    def signed_in(self, step: StepRecorder, person: RehearsedUser) -> Client:
        """Sign in at the console and return the session."""
        session = self.sign_in(step, person)
        if session is None:
            raise InternalError("a sign-in that is done without a session")
        return session

    def password_page(self, step: StepRecorder, person: RehearsedUser) -> ShownPage:
        """Send user name and password."""
        page = self.console().sign_in(person.name, person.password)
        self._record_page(step, person, "signin:ConsoleLogin", page)
        return page

    def code_page(self, step: StepRecorder, person: RehearsedUser, page: ShownPage) -> ShownPage:
        """Send a fresh code of the person's device."""
        serial = person.phone.serials[-1]
        code = self.fresh_code(step, person, serial)
        answer = self.console().mfa(page.ticket, code)
        self._record_page(step, person, "signin:CheckMfa", answer)
        return answer

    def send_code(
        self,
        step: StepRecorder,
        person: RehearsedUser,
        page: ShownPage,
        code: str,
        expected: Expected,
    ) -> None:
        """Send a code for which the page must answer `expected`."""
        try:
            answer = self.console().mfa(page.ticket, code)
        except AwsRefused as refused:
            self._record_refusal(step, person, "signin:CheckMfa", refused, expected)
            return
        self._record_page(step, person, "signin:CheckMfa", answer, expected)

    def change_password(
        self,
        step: StepRecorder,
        person: RehearsedUser,
        page: ShownPage,
        new: str,
        expected: Expected = DONE,
    ) -> ShownPage:
        """Send the form of the forced password change and remember the new password."""
        operation = "iam:ChangePassword"
        try:
            answer = self.console().new_password(page.ticket, person.password, new)
        except AwsRefused as refused:
            self._record_refusal(step, person, operation, refused, expected)
            return page
        self._record_page(step, person, operation, answer, expected)
        person.password = new
        return answer

    def create_device(
        self, step: StepRecorder, session: Client, person: RehearsedUser, name: str
    ) -> str:
        """Create a virtual device, add it to the person's phone, and return its serial number."""
        answer = step.call(session, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=name)
        made = answer["VirtualMFADevice"]
        serial = str(made["SerialNumber"])
        step.check(_QR_CODE, True, made["QRCodePNG"].startswith(_PNG))
        person.phone.add(serial, made["Base32StringSeed"].decode("ascii"))
        return serial

    def enable_device(
        self, step: StepRecorder, session: Client, person: RehearsedUser, expected: Expected = DONE
    ) -> None:
        """Enable the device that was added last, with two consecutive codes."""
        serial = person.phone.serials[-1]
        first, second = self.two_codes(step, person, serial)
        step.call(
            session,
            "iam:EnableMFADevice",
            expected,
            UserName=person.name,
            SerialNumber=serial,
            AuthenticationCode1=first,
            AuthenticationCode2=second,
        )

    def enrol(
        self, step: StepRecorder, session: Client, person: RehearsedUser, device: str
    ) -> None:
        """Create a device and enable it."""
        self.create_device(step, session, person, device)
        self.enable_device(step, session, person)

    def console(self) -> ConsoleClient:
        """Return the sign-in page in a new browser window."""
        return ConsoleClient(self.local.url, self.account)

    def console_session(self, person: RehearsedUser, page: ShownPage) -> Client:
        """Return the session of a finished sign-in."""
        if page.keys is None:
            raise InternalError("a finished sign-in without credentials")
        credential = (
            StepCredential.CONSOLE_WITH_MFA if page.mfa_used else StepCredential.CONSOLE_WITHOUT_MFA
        )
        return self.client(person.name, credential, page.keys)

    def _record_page(
        self,
        step: StepRecorder,
        person: RehearsedUser,
        operation: str,
        page: ShownPage,
        expected: Expected = DONE,
    ) -> None:
        exchange = Exchange(
            person.name, StepCredential.PASSWORD, operation, page.next.value, expected.answer, OK
        )
        step.record(exchange, expected)

    def _record_refusal(
        self,
        step: StepRecorder,
        person: RehearsedUser,
        operation: str,
        refused: AwsRefused,
        expected: Expected,
    ) -> None:
        exchange = Exchange(
            caller=person.name,
            credential=StepCredential.PASSWORD,
            operation=operation,
            target="",
            expected=expected.answer,
            answer=refused.aws_code,
            message=refused.aws_message,
        )
        step.record(exchange, expected)


_NEXT_PAGE = Message("the page after signing in")
_QR_CODE = Message("a QR code of the seed came along, as a picture")
_PNG = b"\x89PNG"
"""How a PNG picture begins."""
