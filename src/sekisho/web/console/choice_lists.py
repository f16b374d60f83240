"""Lists to choose users, groups or policies from, within a form.

A list shows what is chosen, then what the search finds, up to a number: an account may have 5,000
users and more than 1,600 policies. The search is a button of the form itself, so that it works
without a script and loses nothing that was typed: the page keeps all of it and leads to itself, as
a GET, so that the back button needs no form to be sent again.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from flask import request

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.web.console.managed_policies import (
    ListedPolicy,
    PolicyOrigin,
    fold_text,
    managed_policies,
    matching,
    origin_of,
)
from sekisho.web.console.session import person, try_reading
from sekisho.web.console.user_list import first_users, users_with
from sekisho.web.site import term

SEARCH = "search"
"""What the button of a search sends as `do`; the form is shown again."""

_MOST = 50
_PAGE = 1000
_ORIGINS = {
    PolicyOrigin.CUSTOMER: "customer_managed",
    PolicyOrigin.AWS: "aws_managed",
    PolicyOrigin.JOB_FUNCTION: "job_function",
}


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One line of a list.

    Attributes:
        value: what is sent.
        name: what is shown.
        kind: what is said of it besides, or None.
    """

    value: str
    name: str
    kind: Message | None = None


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """A list to choose from.

    Attributes:
        field: the name of its boxes in the form.
        wanted: what was searched for.
        chosen: the values that are chosen.
        shown: its lines, the chosen ones first.
        more: whether there are others, which the search finds.
        refused: why there is no list, or None.
    """

    field: str
    wanted: str
    chosen: frozenset[str]
    shown: tuple[ChoiceLine, ...] = ()
    more: bool = False
    refused: AwsRefused | None = None


def is_search() -> bool:
    """Return whether the form was sent by the button of a search."""
    return request.form.get("do", "") == SEARCH


def form_choices(*fields: str) -> dict[str, str]:
    """Return the choices and searches in lists, to be kept: a value has no line breaks."""
    boxes = {each: "\n".join(request.form.getlist(each)) for each in fields}
    return {**boxes, **{_search(each): request.form.get(_search(each), "") for each in fields}}


def values_chosen(field: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return the choices in a list, from the values that `form_choices` keeps."""
    return tuple(each for each in fields.get(field, "").split("\n") if each)


def users(field: str, fields: Mapping[str, str], without: Iterable[str] = ()) -> ChoiceList:
    """Return the users to choose from.

    Args:
        field: the name of the boxes.
        fields: what is chosen and searched for, as `form_choices` keeps it.
        without: names that are not offered.
    """
    left_out = frozenset(without)

    def matching_users(wanted: str) -> Iterable[ChoiceLine]:
        # without a search the first ones will do
        enough = _MOST + 1 + len(left_out)
        few = not wanted and enough <= _PAGE
        listed = first_users(enough) if few else users_with(wanted)
        return (ChoiceLine(each.name, each.name) for each in listed if each.name not in left_out)

    return _choices(field, fields, lambda name: ChoiceLine(name, name), matching_users)


def groups(field: str, fields: Mapping[str, str], without: Iterable[str] = ()) -> ChoiceList:
    """Return the user groups to choose from; see `users`."""
    left_out = frozenset(without)

    def matching_groups(wanted: str) -> Iterable[ChoiceLine]:
        listed = person().api.pages("iam", "ListGroups", "Groups", MaxItems=_PAGE)
        names = matching((each["GroupName"] for each in listed), wanted, str)
        return (ChoiceLine(each, each) for each in names if each not in left_out)

    return _choices(field, fields, lambda name: ChoiceLine(name, name), matching_groups)


def policies(field: str, fields: Mapping[str, str], without: Iterable[str] = ()) -> ChoiceList:
    """Return the managed policies to choose from, the account's own first; see `users`."""
    left_out = frozenset(without)

    def matching_policies(wanted: str) -> Iterable[ChoiceLine]:
        found = sorted(
            managed_policies(), key=lambda each: each.origin is not PolicyOrigin.CUSTOMER
        )
        fitting = matching(found, wanted)
        return (_policy(each) for each in fitting if each.arn not in left_out)

    return _choices(field, fields, policy_choice, matching_policies)


def policy_choice(arn: str) -> ChoiceLine:
    """Return a managed policy as a line, by what its ARN says."""
    return ChoiceLine(arn, policy_name(arn), origin_word(arn))


def policy_name(arn: str) -> str:
    """Return the name in a managed policy's ARN."""
    return arn.rpartition("/")[2]


def origin_word(arn: str) -> Message:
    """Return the console's word for whose a managed policy is."""
    return term(_ORIGINS[origin_of(arn)])


def _policy(listed: ListedPolicy) -> ChoiceLine:
    return ChoiceLine(listed.arn, listed.name, term(_ORIGINS[listed.origin]))


def _search(field: str) -> str:
    return f"{field}-search"


def _choices(
    field: str,
    fields: Mapping[str, str],
    line: Callable[[str], ChoiceLine],
    matching: Callable[[str], Iterable[ChoiceLine]],
) -> ChoiceList:
    wanted, values = fields.get(_search(field), ""), values_chosen(field, fields)
    first = tuple(line(each) for each in values)

    def read() -> list[ChoiceLine]:
        others = (each for each in matching(fold_text(wanted)) if each.value not in values)
        return list(islice(others, _MOST + 1))

    others = try_reading(read)
    if isinstance(others, AwsRefused):
        return ChoiceList(field, wanted, frozenset(values), first, refused=others)
    shown = (*first, *others[:_MOST])
    return ChoiceList(field, wanted, frozenset(values), shown, len(others) > _MOST)
