"""The public API: its names, its laziness, and every example of its page."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

import sekisho
from administered import GLASS, administered

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "python-api.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"(?ms)^```python\n(.*?)^```\n\nprints(?:, [^\n]*)?\n\n```text\n(.*?)^```$", PAGE
)
POLICIES: dict[str, Literal["aws", "recommended"]] = {
    "before.json": "aws",
    "force-mfa.json": "recommended",
}
GOAL = "who: [{user: admin}]\nbreakGlass: [glass]\n"


@pytest.mark.parametrize("name", sekisho.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert getattr(sekisho, name)
    assert name == "__version__" or f"`{name}`" in PAGE


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = sekisho.no_such_name  # type: ignore[attr-defined]  # that is what is tried


def test_nothing_is_loaded_before_it_is_used() -> None:
    program = "import sys, sekisho; print(*(m for m in sys.modules if m.startswith('sekisho.')))"
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not done.stdout.split()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```python\n") >= 4


@pytest.fixture
def in_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let an example find its files, and the local AWS in place of AWS."""
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    for name, preset in POLICIES.items():
        (tmp_path / name).write_text(sekisho.force_mfa(preset).to_json(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with administered() as local:
        monkeypatch.setenv("AWS_ENDPOINT_URL", local.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", GLASS.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", GLASS.secret_access_key)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        yield


@pytest.mark.usefixtures("in_an_account")
@pytest.mark.parametrize(("program", "printed"), EXAMPLES)
def test_an_example_prints_what_the_page_says(program: str, printed: str) -> None:
    if named := re.match(r"# (test_\w+\.py)\n", program):
        shown = _of_pytest(named[1], program)
        assert all(any(line in each for each in shown) for line in printed.splitlines())
        return
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(program, {"__name__": "example"})  # noqa: S102 - our own document
    assert out.getvalue() == printed


def _of_pytest(name: str, program: str) -> list[str]:
    """Return the lines that pytest prints when it runs a file, as a user would run it."""
    Path(name).write_text(program, encoding="utf-8")
    words = ("-m", "pytest", name, "-p", "no:cacheprovider", "--rootdir=.", "--tb=short")
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, *words], capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()
