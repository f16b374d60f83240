"""The items of a difference as text, and what the two kinds of differences share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from sekisho.cli.options import OutputFormat
from sekisho.cli.quiet import quiet, show_next
from sekisho.cli.terminal import show_folded
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, listed
from sekisho.prover import (
    CREDENTIALS,
    ActionGroup,
    Counterexample,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    condition_text,
)

Describe = Callable[[Counterexample], Message]
"""What says a request in words."""

_FOR = Message("to {credentials}")
_ON = Message("on {resources}")
_LIKE = Message("such as: {counterexample}")
_SHOWN = 10
_MORE = Message("{first} and {count} more")
_GROUPS = 5
_MORE_GROUPS = Message("and {count} more {count:group|groups} of actions: `-v`")


@dataclass(frozen=True, slots=True)
class DiffPrinting:
    """How a difference is printed.

    Attributes:
        output: the form.
        verbose: whether text says everything.
        lang: the language of text.
    """

    output: OutputFormat
    verbose: bool
    lang: Language

    def show(self, lines: Iterable[str], after: str) -> None:
        """Print lines, folded, and the command to type next if there is one.

        The first line is the verdict, and all that a quiet run prints.
        """
        show_folded(islice(lines, 1 if quiet() else None))
        show_next(after, self.lang)


MORE_OF_DIFFERENCE = Message(
    "Run with `-v` for every action, a request for each, and the assumptions."
)
"""Says what `-v` adds."""

_ALLOWS_MORE = Message("{new} allows more than {old}.")
_ALLOWS_LESS = Message("{new} allows less than {old}.")
_BOTH_WAYS = Message("Each allows something that the other does not.")


def difference_text(*, gained: bool, lost: bool) -> Message | None:
    """Say which of two policies, `old` and `new`, allows more; None if neither does."""
    if gained and lost:
        return _BOTH_WAYS
    return _ALLOWS_MORE if gained else _ALLOWS_LESS if lost else None


_NOTHING_NEW = Message("{new} allows nothing that {old} does not.")
_SOMETHING_NEW = Message("{new} allows something that {old} does not, such as:")
_NEW_UNKNOWN = Message(
    "Whether {new} allows something that {old} does not could not be decided: {reason}"
)


def new_access_text(verdict: Verdict, old: str, new: str) -> Message:
    """Say whether one policy allows something that another does not."""
    match verdict:
        case Proved():
            return _NOTHING_NEW.filled(new=new, old=old)
        case Refuted():
            return _SOMETHING_NEW.filled(new=new, old=old)
        case Unknown(reason):
            return _NEW_UNKNOWN.filled(new=new, old=old, reason=reason)


def items_lines(
    items: Sequence[ActionGroup], printing: DiffPrinting, say: Describe
) -> Iterator[str]:
    """Yield the items of one side: the first of them and of their actions, or with `-v` all.

    Args:
        items: which actions, to whom, on what.
        printing: the language, and whether nothing is left out.
        say: says the request that shows an item.
    """
    lang, verbose = printing.lang, printing.verbose
    shown_items = items if verbose else items[:_GROUPS]
    for number, item in enumerate(shown_items):
        actions, more = item.actions, len(item.actions) - _SHOWN
        first = ", ".join(actions)
        if more > 0 and not verbose:
            first = _MORE.filled(first=", ".join(actions[:_SHOWN]), count=more).into(lang)
        yield f"  {first}"
        credentials = listed(CREDENTIALS[each] for each in item.credentials)
        yield f"    {_FOR.filled(credentials=credentials).into(lang)}"
        yield f"    {_ON.filled(resources=', '.join(item.resources)).into(lang)}"
        yield from (f"    {condition_text(one).into(lang)}" for one in item.conditions)
        if verbose or not number:
            yield f"    {_LIKE.filled(counterexample=say(item.counterexample)).into(lang)}"
    if len(items) > len(shown_items):
        yield f"  {_MORE_GROUPS.filled(count=len(items) - len(shown_items)).into(lang)}"
