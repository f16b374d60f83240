"""The options of `sekisho prove` that say what is asked, and what they mean together."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from sekisho.cli.options import texts_of_assumptions
from sekisho.cli.prove_answers import Part
from sekisho.cli.prove_people import PEOPLE_PART
from sekisho.engine import Assumptions
from sekisho.engine.question import ASSUMPTIONS, settings_from_text
from sekisho.errors import UsageError
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.prover import Calls, Invariant, InvariantKind, faults_in, read_invariants
from sekisho.prover.scenarios.fixes import SIGNIN_ASSUMPTIONS
from sekisho.signin import SigninAssumptions

__all__ = [
    "assumptions_option",
    "check_heeded",
    "invariants_of",
    "not_of_all",
    "parts_of",
    "people_asked",
    "question_options",
]

_OPTIONS = (
    click.option(
        "--only",
        "parts",
        multiple=True,
        type=click.Choice([*(part.value for part in Part), PEOPLE_PART]),
        help="Ask only this, and the questions that are given; may be repeated.",
    ),
    click.option("--never", metavar="ACTION", multiple=True, help="Is never allowed, like `s3:*`."),
    click.option("--always", metavar="ACTION", multiple=True, help="Is always allowed."),
    click.option("--on", metavar="ARN", multiple=True, help="Only on these resources."),
    click.option("--unless-mfa", is_flag=True, help="With `--never`: but may be with MFA."),
    click.option("--with-mfa", is_flag=True, help="Only in sessions with MFA."),
    click.option(
        "--mfa-age",
        metavar="SECONDS",
        type=click.IntRange(0, 129_600),
        help="With `--with-mfa`: only if MFA is not older.",
    ),
    click.option(
        "--only-from",
        metavar="CIDR",
        multiple=True,
        help="Is never allowed from other addresses; without `--never`, nothing is.",
    ),
    click.option("--from", "within", metavar="CIDR", multiple=True, help="Only from there."),
    click.option(
        "--calls",
        type=click.Choice([calls.value for calls in Calls]),
        default=Calls.ALL.value,
        show_default=True,
        help="Whose calls are meant: the user's own, those of AWS services for the user, or all.",
    ),
    click.option(
        "--invariants",
        "file",
        metavar="FILE",
        help="Invariants of this file (YAML or JSON): docs/prover.md.",
    ),
)
_OF_ONE = ("any_value", "enrolled", "users_may_change", "strict")
_OF_ALL = (Part.ENFORCEMENT, Part.INVARIANTS)
_OF_ENFORCEMENT = ("exempt", "later", "any_value")
_OF_PEOPLE = ("enrolled", "strict")
_NAMES = {
    "file": "--invariants",
    "enrolled": "--after-enrolment",
    "users_may_change": "--users-may-change-password",
    "actions": "--never/--always",
    "within": "--from",
}

F = TypeVar("F", bound=Callable[..., Any])
_OF_OPTION = verbatim("`{option}`: {message}")


def question_options(function: F) -> F:
    """Add the options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def assumptions_option(function: F) -> F:
    """Add `--assume NAME=VALUE`: `assumptions` are the engine's, and `signin` those of walks."""
    return click.option(
        "--assume",
        "assumptions",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_assumptions,
        help="Set a point that AWS does not document: docs/reference/assumptions.md.",
    )(function)


def _assumptions(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> Assumptions:
    found = settings_from_text(texts_of_assumptions(texts), {**ASSUMPTIONS, **SIGNIN_ASSUMPTIONS})
    walked = {name: value for name, value in found.items() if name in SIGNIN_ASSUMPTIONS}
    ctx.params["signin"] = SigninAssumptions(**walked)
    return Assumptions(**{name: value for name, value in found.items() if name in ASSUMPTIONS})


def parts_of(given: dict[str, Any]) -> frozenset[Part]:
    """Return what is asked: the invariants if there are any, and as said, else all."""
    said = frozenset(Part(text) for text in given["parts"] if text != PEOPLE_PART)
    # a question that was given and not asked would be a pass
    own = frozenset({Part.INVARIANTS}) if _has_questions(given) else frozenset[Part]()
    return said | own if given["parts"] or own else frozenset(Part)


def people_asked(given: dict[str, Any]) -> bool:
    """Tell whether the people's part is asked: as said, else if there are no invariants."""
    return PEOPLE_PART in given["parts"] if given["parts"] else not _has_questions(given)


def _has_questions(given: dict[str, Any]) -> bool:
    return bool(given["file"] or given["never"] or given["always"] or given["only_from"])


def not_of_all(given: dict[str, Any]) -> str:
    """Return the options that say nothing of all users of an account, or ""."""
    others = [part for part in given["parts"] if part not in _OF_ALL]
    found = ["--only " + part for part in others]
    found += [_option(name) for name in _said(given, _OF_ONE)]
    return ", ".join(f"`{option}`" for option in found)


def check_heeded(given: dict[str, Any]) -> None:
    """See that what is asked heeds the options.

    Raises:
        UsageError: if an option is about a question that is not asked; all of them are named.
    """
    asked = {
        Part.ENFORCEMENT.value: Part.ENFORCEMENT in parts_of(given),
        PEOPLE_PART: people_asked(given),
    }
    faults = [
        Message("{options}: only `{part}` heeds this, and it is not asked").filled(
            options=", ".join(f"`{_option(name)}`" for name in said), part=part
        )
        for part, names in ((Part.ENFORCEMENT.value, _OF_ENFORCEMENT), (PEOPLE_PART, _OF_PEOPLE))
        if (said := _said(given, names)) and not asked[part]
    ]
    if faults:
        raise UsageError(
            joined_messages(faults, en="; ", ja="; "),
            fix=Message("ask it, too, by `--only`, or leave this out"),
        )


def invariants_of(given: dict[str, Any]) -> tuple[Invariant, ...]:
    """Return the invariants of the options and of the file.

    Raises:
        UsageError: if the options contradict each other; all that is wrong with them is named.
        FaultyInput: if the file is not what it should be.
    """
    own = tuple(_own(given))
    found = (*own, *(read_invariants(given["file"]) if given["file"] else ()))
    if not found and "invariants" in given["parts"]:
        raise UsageError(
            Message("`--only invariants` needs `--never`, `--always` or `--invariants`")
        )
    return found


def _own(given: dict[str, Any]) -> Iterator[Invariant]:
    if given["never"] and given["always"]:
        raise UsageError(
            Message("`--never` and `--always` are two questions"),
            fix=Message("write both to a file: --invariants"),
        )
    about = _said(given, ("on", "unless_mfa", "with_mfa", "mfa_age", "within"))
    about += ["calls"] if given["calls"] != Calls.ALL.value else []
    if not given["never"] and not given["always"] and not given["only_from"]:
        if about:
            option = _option(about[0])
            raise UsageError(
                Message("`{option}` needs `--never`, `--always` or `--only-from`").filled(
                    option=option
                )
            )
        return
    demand = InvariantKind.ALWAYS if given["always"] else InvariantKind.NEVER
    invariant = Invariant(
        id=demand.value,
        demand=demand,
        actions=given["always"] or given["never"] or ("*",),
        on=given["on"],
        unless_mfa=given["unless_mfa"],
        with_mfa=given["with_mfa"],
        mfa_age=given["mfa_age"],
        only_from=given["only_from"],
        within=given["within"],
        calls=Calls(given["calls"]),
    )
    faults = [
        _OF_OPTION.filled(option=_option(name), message=message)
        for name, message in faults_in(invariant)
    ]
    if faults:
        raise UsageError(joined_messages(faults, en="; ", ja="; "))
    yield invariant


def _said(given: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return which options were given; an age of 0 was."""
    return [name for name in names if given[name] or type(given[name]) is int]


def _option(name: str) -> str:
    return _NAMES.get(name, f"--{name.replace('_', '-')}")
