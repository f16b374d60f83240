"""JSON of programs: read whole, with no key twice; written in pieces. And reading text files."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sekisho.errors import Code, Fault, FaultyAccount, FaultyInput, quoted, unreadable
from sekisho.messages import Message


def text_of_file(path: str | Path, refused: type[FaultyInput] = FaultyInput) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Raises:
        FaultyInput: of the class `refused`, if it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fix = Message(
            "save it again as UTF-8; in Windows PowerShell use `| Out-File -Encoding utf8`"
        )
        fault = Fault(Code.FILE_UNREADABLE, Message("is not UTF-8 text"), fix=fix)
    except OSError as error:
        fault = unreadable(Path(path), error)
    raise refused(str(path), [fault])


def decoded_json(text: str, name: str) -> object:
    """Return the value of a JSON text; `name` is what errors call it.

    Raises:
        FaultyAccount: if it is not JSON or has a key twice; no message shows a value.
    """
    twice: list[Fault] = []

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        members_by_key = dict(pairs)
        if len(members_by_key) != len(pairs):
            twice.extend(_repeated(pairs))
        return members_by_key

    try:
        value: object = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=members)
    except json.JSONDecodeError as error:
        fault = _not_json(text, error)
    except RecursionError:
        fault = Fault(Code.ACCOUNT_NOT_JSON, Message("is nested too deep"))
    except ValueError:
        fault = Fault(Code.ACCOUNT_NOT_JSON, Message("has a number with too many digits"))
    else:
        if twice:
            raise FaultyAccount(name, twice)
        return value
    # outside the handler: a JSONDecodeError carries the whole text, secrets and all
    raise FaultyAccount(name, [fault])


def _repeated(pairs: list[tuple[str, object]]) -> Iterator[Fault]:
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            yield Fault(
                Code.ACCOUNT_NOT_JSON,
                Message("the key {key} appears twice").filled(key=quoted(key)),
            )


def _not_json(text: str, error: json.JSONDecodeError) -> Fault:
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    message = (
        Message("ends too early: it is cut off")
        if cut
        else Message("is not JSON: {problem}").filled(problem=error.msg)
    )
    fix = Message("export it again, or copy it whole") if cut else None
    return Fault(Code.ACCOUNT_NOT_JSON, message, "", error.lineno, error.colno, fix)


def camel_case(name: str) -> str:
    """Return a name of Python as a key of JSON: `snapshot_at` is `snapshotAt`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def indented_json(value: object) -> str:
    """Return the text of a JSON document for people and programs, with a line break at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def json_pieces(members: Mapping[str, object]) -> Iterator[str]:
    """Yield the text of a JSON object in pieces, as `json.dumps(..., indent=2)` would write it.

    Args:
        members: its members; the items of a member that is an iterator are written one by one, so
            that they need not all be in memory.
    """
    opening = "{"
    for name, value in members.items():
        yield f"{opening}\n  {json.dumps(name, ensure_ascii=False)}: "
        if isinstance(value, Iterator):
            yield from _array(value)
        else:
            yield _indented(value, "  ")
        opening = ","
    yield "{}\n" if opening == "{" else "\n}\n"


def _array(items: Iterator[object]) -> Iterator[str]:
    opening = "["
    for each in items:
        yield f"{opening}\n    {_indented(each, '    ')}"
        opening = ","
    yield "[]" if opening == "[" else "\n  ]"


def _indented(value: object, indent: str) -> str:
    # no string of JSON has a line break in it
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")
