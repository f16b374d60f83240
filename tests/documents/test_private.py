"""A file that only its owner may read: written whole or not at all, and where that is possible."""

import os
import secrets
import stat
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from click_commands import command_of
from sekisho.cli.main import root
from sekisho.documents import check_writable, write_private
from sekisho.errors import Code, SekishoError

audit, collect = command_of("audit"), command_of("collect")

NOBODY = ("--endpoint-url", "http://127.0.0.1:9")


def test_what_can_be_written_is_told_as_it_is_written(tmp_path: Path) -> None:
    there, fresh = tmp_path / "there", tmp_path / "fresh"
    there.write_text("old", encoding="utf-8")
    for path, replace, message in (
        (fresh, False, ""),
        (fresh, True, ""),
        (there, True, ""),
        (there, False, "already exists"),
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
    ("command", "arguments"), [(collect, ()), (audit, ()), (root, ("plan", "--user", "ken"))]
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode of nine bits")
@pytest.mark.parametrize("replace", [False, True])
def test_only_the_owner_may_read_it_whoever_could_before(tmp_path: Path, replace: bool) -> None:
    path, before = tmp_path / "out", os.umask(0)
    try:
        if replace:
            path.write_text("old", encoding="utf-8")
            path.chmod(0o666)
        write_private(path, "new", replace=replace)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8") == "new"


def test_nothing_is_written_through_what_waits_at_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who foresaw the name of the fresh file has put a link there."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0")
    theirs, path = tmp_path / "theirs", tmp_path / "out"
    theirs.write_text("old", encoding="utf-8")
    (tmp_path / ".out.0").symlink_to(theirs)
    with pytest.raises(SekishoError):
        write_private(path, "secret", replace=True)
    assert theirs.read_text(encoding="utf-8") == "old"
    assert not path.exists()


@pytest.mark.parametrize("replace", [False, True])
def test_on_a_file_system_without_links_what_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    def no_link(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_link)
    there, fresh = tmp_path / "there", tmp_path / "fresh"
    there.write_text("old", encoding="utf-8")
    write_private(fresh, "new", replace=replace)
    assert fresh.read_text(encoding="utf-8") == "new"
    if replace:
        write_private(there, "new", replace=True)
    else:
        with pytest.raises(SekishoError, match="already exists"):
            write_private(there, "new")
    assert there.read_text(encoding="utf-8") == ("new" if replace else "old")
    assert {each.name for each in tmp_path.iterdir()} == {"there", "fresh"}


def test_a_link_that_leads_nowhere_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.symlink_to(tmp_path / "nowhere")
    for act in (lambda: check_writable(path), lambda: write_private(path, "new")):
        with pytest.raises(SekishoError, match="already exists"):
            act()
    assert not (tmp_path / "nowhere").exists()
