"""What the package imports is what it declares: `requirements/run.lock` alone must run it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"sekisho"}


def test_every_import_is_declared_and_every_declaration_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_normal(re.split(r"[<>=!~\[ ]", entry)[0]) for entry in project["dependencies"]}
    owners = packages_distributions()
    imported = {_normal(owners[name][0]) for name in _imported()}
    # moto's server half needs these two without declaring them in its core
    by_moto = {"flask", "flask-cors"}
    # botocore comes with boto3, at the version boto3 pins
    assert imported - {"botocore"} <= declared
    assert declared <= imported | by_moto


def test_locks_pin_every_package_by_hash_and_name_no_index() -> None:
    for lock in ("run.lock", "dev.lock"):
        text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
        pins = re.findall(
            r"^([a-z0-9.-]+)==\S+(?: ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE
        )
        assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 20
        assert "://" not in text
