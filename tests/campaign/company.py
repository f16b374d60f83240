"""A simulated company: a seed says who is in it and what each of them does day by day.

What people do reaches an account through `Hands`: on paper (`on_paper.py`) they may do what the
engine allows, at the local AWS (`at_aws.py`) they are real clients. Nobody gets more than that.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

OTHER = "Other_MFA"
"""The name of another policy that enforces MFA for a few."""


class Act(StrEnum):
    """What somebody does in a night."""

    SIGN_IN = "sign-in"
    ENROL = "enrol"
    USE_KEY = "use-key"
    LOSE_PHONE = "lose-phone"
    HELP_DESK = "help-desk"
    LEAVE = "leave"
    JOIN = "join"
    RENAME = "rename"
    DETACH = "detach"
    FORBID_ENROLMENT = "forbid-enrolment"
    EDIT_POLICY = "edit-policy"


class SignedIn(StrEnum):
    """How a sign-in with the password came out."""

    REFUSED = "refused"
    WITHOUT_MFA = "without-mfa"
    WITH_MFA = "with-mfa"


@dataclass(frozen=True, slots=True)
class Start:
    """What an account has of somebody on the first day.

    Attributes:
        enrolled: days since they set up a device and signed in with it; None: they have none.
        key_used: days since their access key was used; None: they have none.
        administrator: they may do everything, and else everything but IAM.
        held: how many other policies are attached to them, of the ten that may be.
        forbidden: an inline policy denies them to enable a device.
        enforced_by_other: `OTHER` is attached to them.
        excepted: for how many days from the first on they are an exception.
    """

    name: str
    path: str = "/staff/"
    password: bool = True
    temporary: bool = False
    enrolled: int | None = None
    passkey: bool = False
    signed_in: int | None = 3
    key_used: int | None = None
    administrator: bool = False
    held: int = 0
    forbidden: bool = False
    enforced_by_other: bool = False
    excepted: int | None = None


@dataclass(slots=True)
class Life:
    """What no account knows of somebody.

    Attributes:
        id: the user's, which stays when they are renamed.
        pace: how likely they sign in on a day.
        phone: the device that they enrolled is in their hands.
        script: a program of theirs calls with their access key each day.
    """

    id: str
    pace: float
    passkey: bool = False
    phone: bool = True
    script: bool = False


class Hands(Protocol):
    """How the acts of a company reach an account. Users go by the name that they have today."""

    def names(self) -> Mapping[str, str]:
        """Return the names that users have now, by their ids."""

    def day(self) -> date:
        """Return which day it is."""

    def begin(self, people: tuple[Start, ...]) -> None:
        """Make the people of the first day."""

    def sign_in(self, name: str, *, phone: bool) -> SignedIn:
        """Sign in at the console, with the device if they have one; change what must be changed."""

    def enrol(self, name: str, *, passkey: bool) -> bool:
        """Set up a device after a sign-in without MFA; return whether AWS let them."""

    def use_key(self, name: str) -> None:
        """Call AWS with the person's access key."""

    def reset(self, name: str) -> None:
        """Remove all devices of somebody and set a temporary password: what a help desk does."""

    def leave(self, name: str) -> None:
        """Delete somebody with all that they have."""

    def join(self, start: Start) -> str:
        """Make a new user and return the user id."""

    def rename(self, old: str, new: str) -> None:
        """Give somebody another name."""

    def detach(self, name: str, policy: str) -> None:
        """Detach a policy from somebody, by its name, if it is attached."""

    def forbid_enrolment(self, name: str) -> None:
        """Deny somebody to enable a device, by an inline policy."""

    def edit(self, policy: str) -> bool:
        """Take the right to enrol out of a policy; return whether it was there."""

    def tomorrow(self) -> None:
        """Let a day go by."""


@dataclass(slots=True)
class Company:
    """People who sign in or do not, enrol, lose phones, leave, join, and have others meddle.

    Attributes:
        acts: what was done in the last night, and to whom.
        calm: nobody but the people themselves does anything.
        excepted: the last days of exceptions, by user id.
    """

    hands: Hands
    chance: random.Random
    size: int
    calm: bool = False
    lives: dict[str, Life] = field(default_factory=dict)
    excepted: dict[str, date] = field(default_factory=dict)
    acts: list[tuple[Act, str]] = field(default_factory=list)
    hired: int = 0
    renamed: int = 0

    @classmethod
    def of(cls, hands: Hands, seed: int, size: int, *, calm: bool = False) -> "Company":
        """Return the company of a seed, in its account."""
        company = cls(hands, random.Random(seed), size, calm)  # noqa: S311 - a simulation
        starts = tuple(company._start(number) for number in range(size))
        hands.begin(starts)
        by_name = {name: user for user, name in hands.names().items()}
        for start in starts:
            if start.password:
                company._live(by_name[start.name], start)
            if start.excepted is not None:
                last = hands.day() + timedelta(days=start.excepted)
                company.excepted[by_name[start.name]] = last
        return company

    @property
    def often(self) -> float:
        """How much more often something happens to somebody of a small company."""
        return max(1.0, 60 / self.size)

    def _start(self, number: int) -> Start:
        """Return somebody of the first day: the first ones of each kind, then by chance."""
        name, dice = f"p{number:04}", self.chance.random
        path = "/pilot/" if number % 7 == 0 else "/staff/"
        kinds: tuple[dict[str, object], ...] = (
            {"enrolled": 20, "signed_in": 2},
            {"temporary": True, "signed_in": None},
            {"key_used": 0},
            {"key_used": 200},
            {"held": 9, "signed_in": 1},
            {"forbidden": True},
            {"enforced_by_other": True},
            {"excepted": 14, "signed_in": 1},
            {"enrolled": 30, "passkey": True, "signed_in": 1},
            {"administrator": True},
            {"signed_in": None},
            {"password": False, "key_used": 0},
            {"password": False, "key_used": 300},
            {"held": 10},
        )
        plain: dict[str, object] = {"signed_in": self.chance.randrange(1, 60)}
        rare = number % 40
        kind = kinds[rare] if rare < len(kinds) else plain
        if kind is plain and dice() < 0.1:
            kind = {**plain, "temporary": True}
        return Start(name, path, **kind)  # type: ignore[arg-type]  # by the names of its fields

    def _live(self, user_id: str, start: Start) -> None:
        pace = self.chance.choice((0.05, 0.2, 0.5, 0.9)) if start.signed_in is not None else 0.03
        script = start.key_used is not None and start.key_used < 90
        passkey = start.passkey or self.chance.random() < 0.1
        self.lives[user_id] = Life(user_id, pace, passkey=passkey, script=script)

    def night(self) -> None:
        """Let everybody act until the next day."""
        self.acts = []
        for name, life in self._present():
            self._person(name, life)
        if not self.calm:
            for name, life in self._present():
                self._others(name, life)
            self._company_wide()
        self.hands.tomorrow()

    def _present(self) -> list[tuple[str, Life]]:
        """Return who is there, with the name of today."""
        names = self.hands.names()
        there = [(name, self.lives[user]) for user, name in names.items() if user in self.lives]
        return sorted(there, key=lambda each: each[0])

    def _note(self, act: Act, name: str) -> None:
        self.acts.append((act, name))

    def _person(self, name: str, life: Life) -> None:
        """Let somebody use their key, sign in, and perhaps enrol or lose their phone."""
        if life.script:
            self.hands.use_key(name)
            self._note(Act.USE_KEY, name)
        dice = self.chance.random()
        if dice < life.pace:
            found = self.hands.sign_in(name, phone=life.phone)
            self._note(Act.SIGN_IN, name)
            wants = found is SignedIn.WITHOUT_MFA and self.chance.random() < 0.4
            if wants and self.hands.enrol(name, passkey=life.passkey):
                life.phone = True
                self._note(Act.ENROL, name)
                if self.chance.random() < 0.5:
                    self.hands.sign_in(name, phone=True)
        elif dice > 1 - 0.005 * self.often:
            life.phone = False
            self._note(Act.LOSE_PHONE, name)

    def _others(self, name: str, life: Life) -> None:
        """Let others do something to somebody."""
        dice = self.chance.random() / self.often
        if not life.phone and dice < 0.5:
            self.hands.reset(name)
            self._note(Act.HELP_DESK, name)
            life.phone = True
        elif dice < 0.003:
            self.hands.leave(name)
            self._note(Act.LEAVE, name)
        elif dice < 0.006:
            self.renamed += 1
            self.hands.rename(name, new := f"{name.partition('-')[0]}-{self.renamed}")
            self._note(Act.RENAME, new)
        elif dice < 0.009:
            self.hands.detach(name, self.chance.choice(("Force_MFA", "Force_MFA_enrol")))
            self._note(Act.DETACH, name)
        elif dice < 0.012:
            self.hands.forbid_enrolment(name)
            self._note(Act.FORBID_ENROLMENT, name)
        elif dice < 0.015:
            self.hands.reset(name)
            self._note(Act.HELP_DESK, name)

    def _company_wide(self) -> None:
        """Let somebody join, and another administrator edit a policy."""
        if self.chance.random() < min(0.9, 0.1 + self.size / 1000):
            self.hired += 1
            start = Start(f"n{self.hired:03}", temporary=True, signed_in=0)
            self._live(self.hands.join(start), start)
            self._note(Act.JOIN, start.name)
        if self.chance.random() < 0.05 * self.often:
            policy = self.chance.choice(("Force_MFA", "Force_MFA_enrol"))
            if self.hands.edit(policy):
                self._note(Act.EDIT_POLICY, policy)
