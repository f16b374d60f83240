"""What a document names in backticks is there: files, folders, modules, names in modules, tests.

`docs/mutation.md` names modules as they were called on the day of the measurement, and says so.
"""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sekisho.audit import FindingId
from sekisho.audit.explain import entries
from sekisho.errors import Code
from sekisho.signin import Rule

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"
DATED = {"CHANGELOG.md", "docs/mutation.md"}
DOCUMENTS = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
    ]
    if path.relative_to(ROOT).as_posix() not in DATED
)
CODE = [
    path
    for top in ("src", "tests", "bench", "fuzz", "tools")
    for path in ROOT.joinpath(top).rglob("*.py")
]
IDS = {str(each.value) for kind in (Code, FindingId, Rule) for each in kind}
IDS |= {each.id for each in entries()}
PACKAGES = {path.stem for path in SOURCE.iterdir() if not path.name.startswith("_")}

FILE = re.compile(r"(?:[\w.*-]+/)*[\w*-]+\.(?:py|md|toml|po|lock)|(?:[\w.*-]+/)+[\w.*-]+\.json")
FOLDER = re.compile(r"(?:src|tests|docs|bench|fuzz|tools|requirements)/(?:[\w*-]+/?)*")
DOTTED = re.compile(r"(?:sekisho\.)?([a-z_]+)(?:\.[A-Za-z_]\w*)+")
TEST = re.compile(r"test_\w+")
FOREIGN = {"pylock.toml", "policy.json", "account.json", "audit.html"}
"""Names of files that a user or somebody else has."""


def _named(document: Path) -> Iterator[str]:
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text(encoding="utf-8"))
    for named in re.findall(r"`([^`\n]+)`", text):
        yield named.removesuffix("()")


def _pattern(named: str) -> str:
    """Return a path with its places, like FAMILY, as wildcards."""
    return re.sub(r"\b[A-Z]{3,}\b", "*", named).rstrip("/")


def _is_there(named: str, document: Path) -> bool:
    pattern = _pattern(named)
    homes = (ROOT, SOURCE, ROOT / "tests", document.parent)
    if "/" in named:
        return any(next(home.glob(pattern), None) for home in homes)
    return next((path for path in ROOT.glob(pattern)), None) is not None or any(
        path.match(pattern) for path in _files()
    )


@cache
def _files() -> tuple[Path, ...]:
    tops = ("src", "tests", "docs", "bench", "fuzz", "tools", "requirements")
    return tuple(path for top in tops for path in ROOT.joinpath(top).rglob("*.*"))


@cache
def _tests() -> frozenset[str]:
    names = {path.stem for path in CODE}
    return frozenset(
        names.union(*(re.findall(r"def (test_\w+)", path.read_text("utf-8")) for path in CODE))
    )


def _resolves(named: str) -> bool:
    """Return whether a dotted name is a module of sekisho, or something in one."""
    parts = ["sekisho", *named.removeprefix("sekisho.").split(".")]
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def _is_right(named: str, document: Path) -> bool:
    """Return whether something is there, or is no name of ours."""
    if named in IDS or named in FOREIGN:
        return True
    if FILE.fullmatch(named) or FOLDER.fullmatch(named):
        return _is_there(named, document)
    if TEST.fullmatch(named):
        return named in _tests()
    dotted = DOTTED.fullmatch(named)
    is_ours = dotted and (named.startswith("sekisho.") or dotted[1] in PACKAGES)
    return not is_ours or _resolves(named)


def _missing(document: Path) -> list[str]:
    return [named for named in _named(document) if not _is_right(named, document)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document: Path) -> None:
    assert not _missing(document)


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        ("`src/sekisho/engine/authorize.py`", False),
        ("`engine/authorise.py`", True),
        ("`tests/corpus/FAMILY/exact.json`", False),
        ("`tests/corpus/nothing/`", True),
        ("`sekisho.engine.decide`", False),
        ("`sekisho.engine.decides`", True),
        ("`engine.decide()`", False),
        ("`prover.walk`", True),
        ("`test_what_a_document_names_is_there`", False),
        ("`test_that_is_not_there`", True),
        ("`tour.unexpected`, `example.org/x`, `iam:GetUser`", False),
    ],
)
def test_what_is_missing_is_found(named: str, missing: bool, tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(named, encoding="utf-8")
    assert bool(_missing(document)) == missing


def test_no_source_is_a_note_that_nobody_has() -> None:
    """A fact of AWS is cited by AWS's page, or by a document here that names it."""
    texts = [*CODE, *DOCUMENTS, *(ROOT / "tests" / "corpus").rglob("*.json")]
    assert not [path for path in texts if re.search(r"§\s?\d", path.read_text("utf-8"))]
