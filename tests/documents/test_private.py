"""A file that only its owner may read: written whole or not at all, and where that is possible."""

from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from sekisho.cli.audit import command as audit
from sekisho.cli.collect import command as collect
from sekisho.cli.rollout.plan import command as plan
from sekisho.documents.private import check_writable, write_private
from sekisho.errors import Code, SekishoError

NOBODY = ("--endpoint-url", "http://127.0.0.1:9")


def test_what_can_be_written_is_told_as_it_is_written(tmp_path: Path) -> None:
    there, fresh = tmp_path / "there", tmp_path / "fresh"
    there.write_text("old", encoding="utf-8")
    for path, replace, message in (
        (fresh, False, ""),
        (fresh, True, ""),
        (there, True, ""),
        (there, False, "is there already"),
        (tmp_path / "no" / "folder", True, "no such file or directory"),
        (there / "below", True, "not a directory"),
        (tmp_path, True, "is a directory"),
    ):
        if not message:
            check_writable(path, replace=replace)
            continue
        for act in (lambda *given, **how: write_private(*given, "", **how), check_writable):
            with pytest.raises(SekishoError, match=message) as caught:
                act(path, replace=replace)
            assert caught.value.code is Code.OUTPUT_UNWRITABLE
    # asking leaves nothing behind, and changes nothing
    assert [*tmp_path.iterdir()] == [there]
    assert there.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("command", "arguments"), [(collect, ()), (audit, ()), (plan, ("--user", "ken"))]
)
def test_nobody_is_called_for_what_could_not_be_saved(
    command: Command, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    out.write_text("", encoding="utf-8")
    given = [*arguments, *NOBODY, "--out", str(out)]
    with pytest.raises(SekishoError) as caught:
        CliRunner().invoke(command, given, standalone_mode=False, catch_exceptions=False)
    assert caught.value.code is Code.OUTPUT_UNWRITABLE
