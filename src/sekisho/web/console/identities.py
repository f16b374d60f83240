"""Users and user groups alike: a list, a page with tabs, and policies."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console.changes import ConsoleCall, carry_out, console_call
from sekisho.web.console.choice_lists import origin_word, policy_name
from sekisho.web.console.session import attempt, person, try_reading
from sekisho.web.site import flash, see_other, text

BLOCK = 1000
"""How many entries IAM puts on one page at most."""


class IdentityKind(StrEnum):
    """The kinds of IAM identities that have a page."""

    USER = "user"
    GROUP = "group"

    @property
    def list_path(self) -> str:
        """The address of the list."""
        return f"/iam/{self.value}s"

    @property
    def page_path(self) -> str:
        """The address of the page of one."""
        return f"/iam/{self.value}"


@dataclass(frozen=True, slots=True)
class ListedIdentity:
    """One line of a list; a cell that may not be read is None."""

    name: str
    cells: tuple[Message | str | None, ...]


@dataclass(frozen=True, slots=True)
class IdentityList:
    """One page of a list.

    Attributes:
        columns: their headings, after the name's.
        refused: why there is no list, or None.
        denials: one refusal of each call about single lines.
        page: its number, from 1.
        more: whether there is another page.
        found: how many there are on all pages, or None if that was not asked.
    """

    kind: IdentityKind
    columns: tuple[Message, ...]
    rows: tuple[ListedIdentity, ...]
    refused: AwsRefused | None
    denials: tuple[AwsRefused, ...]
    wanted: str
    page: int
    more: bool
    found: int | None = None

    def html(self) -> str:
        """Return the page."""
        return render_template("identity_list.html", navigation=self.kind.list_path, listing=self)


def distinct_denials(answers: Iterable[object]) -> tuple[AwsRefused, ...]:
    """Return one refusal of each call that is denied, for the red boxes."""
    found: dict[str, AwsRefused] = {}
    for answer in answers:
        if isinstance(answer, AwsRefused) and answer.aws_code != "NoSuchEntity":
            found.setdefault(answer.operation, answer)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class IamIdentity:
    """A user or a user group."""

    kind: IdentityKind
    name: str

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters that name it in a call."""
        return {f"{self._noun}Name": self.name}

    @property
    def _noun(self) -> str:
        return self.kind.value.capitalize()

    def operation(self, verb: str) -> str:
        """Return an operation's name, like `PutUserPolicy`."""
        return f"{verb}{self._noun}Policy"

    def read_list(self, operation: str, key: str, **more: object) -> list[Any] | AwsRefused:
        """Return its entry in a listing, or AWS's refusal."""
        pages = person().api.pages
        return try_reading(lambda: list(pages("iam", operation, key, **self.parameters, **more)))

    def policies(self) -> dict[str, Any]:
        """Return its policies, `attached` and `inline`, each read or refused."""
        return {
            "attached": self.read_list(f"ListAttached{self._noun}Policies", "AttachedPolicies"),
            "inline": self.read_list(f"List{self._noun}Policies", "PolicyNames"),
        }

    def attach_call(self, arn: str) -> ConsoleCall:
        """Return the call that attaches a managed policy."""
        both = {**self.parameters, "PolicyArn": arn}
        policy = policy_name(arn)
        return console_call("attach", self.operation("Attach"), both, policy=policy, name=self.name)

    def removals(self) -> Iterator[ConsoleCall]:
        """Yield the calls that take off the policies that were sent."""
        for arn in request.form.getlist("policy"):
            both, policy = {**self.parameters, "PolicyArn": arn}, policy_name(arn)
            yield console_call(
                "detach", self.operation("Detach"), both, policy=policy, name=self.name
            )
        for policy in request.form.getlist("inline"):
            both = {**self.parameters, "PolicyName": policy}
            operation = self.operation("Delete")
            yield console_call("delete_inline", operation, both, policy=policy, name=self.name)

    def page(self, tab: StrEnum, shown: Mapping[str, Any]) -> str:
        """Return its page.

        Args:
            tab: which of its tabs.
            shown: what the page and this tab show besides.

        Raises:
            AwsRefused: if there is no such user or group.
        """
        more = {"MaxItems": 1} if self.kind is IdentityKind.GROUP else {}
        answer: Any = attempt("iam", f"Get{self._noun}", **self.parameters, **more)
        refused = isinstance(answer, AwsRefused)
        if refused and answer.aws_code == "NoSuchEntity":
            raise answer
        return render_template(
            f"{self.kind.value}.html",
            navigation=self.kind.list_path,
            kind=self.kind.value,
            name=self.name,
            entity=answer if refused else answer[self._noun],
            tab=tab.value,
            tabs=[each.value for each in type(tab)],
            origin_word=origin_word,
            **shown,
        )

    def make_changes(self, changes: list[ConsoleCall], tab: str, done: str) -> ResponseReturnValue:
        """Make changes, and lead back to a tab, which says what came of them.

        Args:
            changes: what is to be done.
            tab: where it leads.
            done: what is said then, by its name in `[user_page]` or `[group_page]`.
        """
        if changes:
            said = text(f"{self.kind.value}_page.{done}", **{self.kind.value: self.name})
            carry_out(changes).flash(said)
        else:
            flash(FlashKind.WARNING, text("user_page.choose"))
        return self.home(tab)

    def home(self, tab: str = "permissions") -> ResponseReturnValue:
        """Lead to a tab of its page."""
        return see_other(self.kind.page_path, name=self.name, tab=tab)
