"""Many requests decided at once, and their decisions as a table of Arrow.

A request that cannot be decided costs its own decision only: its error stands in its place.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from sekisho.arguments import expect_request
from sekisho.engine import Decision, Policies, Request
from sekisho.engine.compiled import Compiler
from sekisho.errors import InternalError, SekishoError, require_extra

if TYPE_CHECKING:
    import pyarrow


def decide_all(requests: Iterable[Request], attached: Policies) -> list[Decision | SekishoError]:
    """Return the decision on each request, or its error; the policies are compiled once.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    decided = Compiler().compiled(attached)
    decisions, given = list[Decision | SekishoError](), cast("Iterable[Any]", requests)
    for index, each in enumerate(given):
        try:
            texts = isinstance(each, Request) and (each.principal, each.action, each.resource)
            # a call for each of a million requests would take longer than their decisions
            if not texts or any(type(text) is not str for text in texts):
                expect_request(f"requests[{index}]", each)
            decisions.append(decided(each))
        except SekishoError as error:
            # with its traceback it would keep all that this function has
            decisions.append(error.with_traceback(None))
        except Exception as error:
            # a bug costs one decision, not a million
            decisions.append(InternalError.of(error, at=f"requests[{index}]"))
    return decisions


def decision_table(requests: Iterable[Request], attached: Policies) -> "pyarrow.Table":
    """Return the decision or error of each request as a row of a table; see `decide_all`.

    Raises:
        MissingExtra: if pyarrow is not installed.
    """
    require_extra("replay", ["pyarrow"])
    import pyarrow  # noqa: PLC0415 - of an extra, and needed here alone

    text = pyarrow.string()
    cause = {"policy": text, "kind": text, "statement": pyarrow.int32(), "sid": text}
    fields = {
        "effect": text,
        "blocked_by": text,
        "because": pyarrow.list_(pyarrow.struct(cause)),
        "assumed": pyarrow.list_(text),
        "error": pyarrow.struct({"code": text, "message": text, "at": text}),
    }
    decisions = decide_all(requests, attached)
    # of a million decisions few differ: each is written once
    places: dict[Decision | SekishoError, int] = {}
    rows = pyarrow.array([places.setdefault(each, len(places)) for each in decisions], "int32")
    written = pyarrow.Table.from_pylist([*map(_row, places)], schema=pyarrow.schema(fields))
    return written.take(rows)


def _row(decision: Decision | SekishoError) -> dict[str, object]:
    if isinstance(decision, SekishoError):
        error = decision
        # what is not there is null in a table
        return {"error": {"code": error.code.value, "message": str(error), "at": error.at}}
    blocked_by = decision.blocked_by
    return {
        "effect": decision.effect.value,
        "blocked_by": None if blocked_by is None else blocked_by.value,
        "because": [
            {
                "policy": each.policy,
                "kind": each.kind.value,
                "statement": each.index,
                "sid": each.sid,
            }
            for each in decision.because
        ],
        "assumed": list(decision.assumed),
    }
