"""What every command puts out, byte for byte: the redesign of what is behind changes none of it.

Where a change of the output is wanted: `pytest tests/golden --update-golden`, and the diff is what
is reviewed. See tests/README.md.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.cases import CASES, STORIES, Case, Story
from golden.harness import OUTPUTS, Outputs, Runner, environment, furnished, local_aws

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the outputs have the paths and the shell of POSIX"
)
AS_PROGRAMS = (
    "help/sekisho.txt",
    "decide/allowed.en.txt",
    "decide/batch-kms.jsonl",
    "errors/usage-bad-choice.ja.txt",
    "explain/unknown.ja.json",
    "guide/admin.en.html",
    "policy/lint-session.en.txt",
)
"""Outputs that do not depend on the time, which are put out by a process of their own, too."""


def differences(
    story: Story, sekisho: Runner, folder: Path, outputs: Outputs, env: dict[str, str]
) -> str:
    """Run a story; return everything that is not as it was."""
    wrong = [
        text
        for case in story.cases
        for text in _case_differences(case, sekisho, folder, outputs, env)
    ]
    return "\n".join(filter(None, wrong))


def _case_differences(
    case: Case, sekisho: Runner, folder: Path, outputs: Outputs, env: dict[str, str]
) -> Iterator[str]:
    ran = sekisho.run(case, folder, env)
    if ran.exit != case.exit:
        yield f"{case.id}: exit code {ran.exit}, not {case.exit}"
    yield outputs.compare(case.stdout, ran.stdout)
    yield outputs.compare(case.stderr, ran.stderr)
    for name in case.writes:
        path = folder / name
        yield outputs.compare(case.written(name), path.read_bytes() if path.exists() else b"")


@pytest.mark.parametrize("story", STORIES, ids=[story.id for story in STORIES])
def test_the_output_is_as_it_was(
    story: Story, sekisho: Runner, shared: Path, tmp_path: Path, outputs: Outputs
) -> None:
    folder = shared if story.shared else furnished(tmp_path)
    if story.local is None:
        wrong = differences(story, sekisho, folder, outputs, {})
    else:
        with local_aws(folder, story.local) as local:
            wrong = differences(story, sekisho, folder, outputs, local.keys)
        wrong += outputs.compare(story.banner, local.banner.encode())
        wrong += outputs.compare(story.farewell, local.farewell.encode())
    if wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.mark.parametrize("name", AS_PROGRAMS)
def test_a_process_of_its_own_puts_out_the_same(name: str, shared: Path, outputs: Outputs) -> None:
    """The runner leaves no trace in an output."""
    (case,) = [case for case in CASES if case.stdout == name]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sekisho", *case.argv],
        cwd=shared,
        env=environment(shared, case.env),
        input=case.stdin.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == case.exit
    assert not outputs.compare(case.stdout, done.stdout)
    assert not outputs.compare(case.stderr, done.stderr)


def test_every_output_belongs_to_a_case(outputs: Outputs) -> None:
    wanted = {name for case in CASES for name in (case.stdout, case.stderr)}
    wanted |= {name for story in STORIES for name in (story.banner, story.farewell)}
    wanted |= {case.written(name) for case in CASES for name in case.writes}
    there = {path.relative_to(OUTPUTS).as_posix() for path in OUTPUTS.rglob("*") if path.is_file()}
    if outputs.update:
        for name in there - wanted:
            (OUTPUTS / name).unlink()
    else:
        assert there <= wanted


def test_no_two_cases_share_an_output() -> None:
    names = [case.stdout for case in CASES]
    assert len(set(names)) == len(names)
