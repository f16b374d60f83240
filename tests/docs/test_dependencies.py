"""What the package imports is what it declares: `requirements/run.lock` alone must run it.

The packages of `local` are for the local AWS alone.
"""

import ast
import re
import sys
import tomllib
from importlib import import_module, reload
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from tools import house, installs

from sekisho import errors, localaws
from sekisho.errors import MissingExtra, require_extra

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> dict[str, set[str]]:
    """Return the packages of each extra, and under "" those that everybody gets."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        name: {_normal(re.split(r"[<>=!~\[ ]", entry)[0]) for entry in entries}
        for name, entries in parts.items()
    }


_EXTRAS = {"localaws": "local", "web": "local", "replay": "replay", "session": "session"}
"""The extras that parts of the package need."""


def _imported(extra: str) -> set[str]:
    """Return the packages that the parts of an extra import, or under "" those that the rest do."""
    names: set[str] = set()
    for path, tree in house.trees().items():
        if extra != _EXTRAS.get(path.relative_to(SOURCE).parts[0], ""):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    owners = packages_distributions()
    # of type checkers: no module of Python has its name when a program runs
    ours = {"sekisho", "_typeshed", *sys.stdlib_module_names}
    # Spark is not installed where the tests run
    owners.setdefault("pyspark", ["pyspark"])
    # botocore comes with boto3, at the version boto3 pins; awscrt with the extra `login` of it
    return {_normal(owners[name][0]) for name in names - ours} - {"botocore", "awscrt"}


def test_every_import_is_declared_and_every_declaration_imported() -> None:
    declared = _declared()
    # zoneinfo of the standard library reads it
    by_zoneinfo = {"tzdata"}
    # `decide_many` makes a table of Arrow of decisions where the extra `replay` is installed
    optional = {"pyarrow"}
    assert _imported("") - optional == declared[""] - by_zoneinfo
    assert optional <= declared["replay"]
    # moto's server half needs it without declaring it in its core
    by_moto = {"flask-cors"}
    assert _imported("local") - declared[""] == declared["local"] - by_moto
    with_spark = declared["replay"] | declared["spark"] - {"sekisho"}
    assert _imported("replay") - declared[""] == with_spark
    assert _imported("session") - declared[""] == declared["session"]
    # botocore loads it where a profile needs it
    assert declared["login"] == {"botocore"}


def test_all_is_every_extra() -> None:
    declared = _declared()
    assert declared.pop("all") == {"sekisho"}
    assert declared.keys() == {"", "local", "replay", "spark", "session", "login"}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["optional-dependencies"]["all"] == [
        # Spark is some 700 MB with pandas
        "sekisho[local,replay,session,login]"
    ]


def test_the_pages_have_the_size_of_each_extra() -> None:
    """`tools/installs.py` measures them, and holds the English page against what it finds."""
    english, japanese = (
        installs.sizes_in((ROOT / "docs" / page).read_text(encoding="utf-8"))
        for page in ("install.md", "ja/install.md")
    )
    assert english == japanese
    assert english.keys() == _declared().keys() == {*installs.EXTRAS}


def test_what_the_extra_installs_is_what_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # to ask whether it has the name would load it
    monkeypatch.delitem(vars(localaws), "LocalAws", raising=False)
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        getattr(reload(localaws), "LocalAws")  # noqa: B009 - loaded when it is used
    asked = re.findall("`([a-z0-9_]+)`", str(caught.value).partition("missing")[2])
    owners = packages_distributions()
    assert {_normal(owners[name][0]) for name in asked} == _declared()["local"]
    assert caught.value.fix is not None
    assert caught.value.fix.en == f"run `{errors.install_command('local')}`"
    assert caught.value.fix.ja == f"`{errors.install_command('local')}` を実行してください"


def test_a_fault_inside_an_installed_extra_is_not_a_missing_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "brokenextra.py").write_text("import nothing_of_that_name", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    require_extra("local", ["brokenextra"])
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        import_module("brokenextra")
    with pytest.raises(MissingExtra, match=r"missing: `nothing_of_that_name`$"):
        require_extra("local", ["brokenextra", "nothing_of_that_name"])


def test_the_lowest_versions_are_those_of_the_lock() -> None:
    """With these `tools/lowest.py` runs the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *chain(*(extras[each] for each in extras))]
    lock = (ROOT / "requirements" / "lowest.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"(?m)^([a-z0-9.-]+)==([^ ;]+)", lock))
    for entry in map(Requirement, declared):
        # Spark is in no lock
        if entry.name not in {"sekisho", "pyspark"}:
            (floor,) = entry.specifier
            assert Version(locked[entry.name]) == Version(floor.version), entry


def test_locks_pin_every_package_by_hash_and_name_no_index() -> None:
    for lock in ("run.lock", "dev.lock", "lowest.lock"):
        text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
        pins = re.findall(
            r"^([a-z0-9.-]+)==\S+(?: ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE
        )
        assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 20
        assert "://" not in text
