"""`sekisho audit` against the local AWS, over the wire."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from administered import GLASS
from click_commands import command_of
from rollout.staging import company
from sekisho.cli import Exit
from sekisho.localaws import LocalAws

command = command_of("audit")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        yield running


@pytest.mark.usefixtures("wide_terminal")
def test_an_account_is_audited_as_it_is(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", GLASS.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", GLASS.secret_access_key)
    asked = ["--endpoint-url", local.url, "--format", "json", "--lang", "en"]
    result = CliRunner().invoke(command, asked, standalone_mode=False)
    assert result.exception is None
    assert "Nothing has been changed." in result.stderr
    found = json.loads(result.stdout)
    users = {each["user"]: each for each in found["users"]}
    assert users["machine"]["enforced"] == "refuted"
    assert users["machine"]["administrator"] is True
    assert users["hanako"]["enforced"] == "refuted"
    assert ("account.key-without-device", "machine") in {
        (each["id"], each["subject"]) for each in found["findings"] if each["status"] == "found"
    }
    known = {each["status"] for each in found["findings"]} == {"found"}
    assert result.return_value is (Exit.FINDINGS if known else Exit.UNKNOWN)
    assert bool(found["gaps"]) is not known
