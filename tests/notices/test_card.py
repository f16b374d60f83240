"""The card of a person: what is true of them, in forms that shells, AWS's tools and people read.

Reads `sekisho.notices.card` itself, because facts are drawn at random that no account has together.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

import botocore.configloader
import pytest
from click.testing import CliRunner

import localaws_people as people
from audit.small_accounts import snapshot_of
from cases import cases
from click_commands import command_of
from pages import Page
from sekisho.account import Device, Snapshot, open_account
from sekisho.documents.guide import CodeBlock, Guide, to_html, to_markdown, to_text
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import FaultyAccount, UsageError
from sekisho.localaws import COMPANY_FILE, LocalAws
from sekisho.messages import Language, cell_width
from sekisho.notices.card import (
    CardChoices,
    CardFacts,
    card,
    card_facts,
    card_to_json,
    version_of,
)
from sekisho.policy import PolicyKind, from_json
from sekisho.signin import DeviceKind

command = command_of("card")

AWS = Path(sys.executable).with_name("aws")
HOSTILE = "<script>alert(1)</script>{{7*7}}{search}`'\"$(id)"
PLAIN = {"users": {"aki": {"password": {}, "devices": ["virtual"], "keys": [{"used": 2}]}}}


def _snapshot(case: Mapping[str, Any]) -> Snapshot:
    snapshot = snapshot_of(case["account"])
    if "scps" in case:
        text = {"Version": "2012-10-17", "Statement": case["scps"]}
        document = from_json(text, kind=PolicyKind.SCP)
        snapshot = replace(snapshot, scps=(Level("Root", (AttachedPolicy("scp", document),)),))
    return replace(snapshot, partition=case.get("partition", "aws"))


CARDS = cases("notices/cards", ("account", "expected"), ("scps", "partition", "cliVersion"))


@pytest.mark.parametrize("case", CARDS)
def test_what_the_account_allows_is_what_the_card_says(case: Mapping[str, Any]) -> None:
    facts = card_facts(_snapshot(case), "aki")
    version = case.get("cliVersion")
    choices = CardChoices(cli_version=version_of(version) if version else None)
    expected = case["expected"]
    found = card_to_json(facts, choices)
    assert found["awsLogin"]["allowed"] == expected["login"]
    assert found["toolsProfile"] == expected["tools"]
    reason = found["awsLogin"]["reason"]
    if expected["login"] == "allowed":
        assert reason is None
    else:
        assert expected.get("reason", "") in reason["en"]
    text = to_text(card(facts, choices), Language.EN)
    # who has a profile for tools is shown how to use it, and nobody else is
    assert ("cdk deploy --profile " + (expected["tools"] or "?") in text) is bool(expected["tools"])
    assert ("--serial-number" in text.split("What stops working")[0]) is (
        expected["tools"] == "mfa"
    )


def _facts() -> CardFacts:
    return card_facts(snapshot_of(PLAIN), "aki")


def _blocks(made: Guide, language: str) -> list[str]:
    return [
        block.text
        for section in made.sections
        for block in section.blocks
        if isinstance(block, CodeBlock) and block.language == language
    ]


PROFILES = ["default", "work", "my profile", "it's", "日本", "$(id)", 'a "b"', "%(x)s", "a;b # c"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_aws_cli_reads_the_profiles_as_they_are_meant(profile: str, tmp_path: Path) -> None:
    serial = "arn:aws:iam::111122223333:mfa/$(id)/%s/;x/aki"
    facts = replace(_facts(), authenticators=(Device(serial, DeviceKind.VIRTUAL, "aki"),))
    file = tmp_path / "config"
    file.write_text("\n".join(_blocks(card(facts, CardChoices(profile)), "ini")), encoding="utf-8")
    profiles = botocore.configloader.load_config(str(file))["profiles"]
    assert profiles[profile]["mfa_serial"] == serial
    assert profiles["vault"]["mfa_serial"] == serial
    process = shlex.split(profiles["mfa"]["credential_process"])
    assert process == ["sekisho", "session", "--profile", profile]


def test_the_passkeys_way_is_a_profile_that_the_aws_cli_reads(tmp_path: Path) -> None:
    case = next(each for each in CARDS if "Force_MFA" in each.id).values[0]
    facts = card_facts(_snapshot(case), "aki")
    (block,) = _blocks(card(facts, CardChoices()), "ini")
    file = tmp_path / "config"
    file.write_text(block, encoding="utf-8")
    profiles = botocore.configloader.load_config(str(file))["profiles"]
    process = shlex.split(profiles["login-tools"]["credential_process"])
    assert process == shlex.split(
        "aws configure export-credentials --profile login --format process"
    )
    assert "authenticator app" in to_text(card(facts, CardChoices()), Language.EN).lower()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_shell_gives_the_serial_and_the_profile_as_they_are(profile: str) -> None:
    serial = "arn:aws:iam::111122223333:mfa/$(touch x)/`id`/'/aki"
    facts = replace(_facts(), authenticators=(Device(serial, DeviceKind.VIRTUAL, "aki"),))
    lines = [
        shlex.split(line)
        for block in _blocks(card(facts, CardChoices(profile)), "shell")
        for line in block.replace("\\\n", "").splitlines()
    ]
    with_serial = [words for words in lines if "--serial-number" in words]
    assert len(with_serial) == 2
    for words in with_serial:
        assert words[words.index("--serial-number") + 1] == serial
        assert words[words.index("--profile") + 1] == profile


@pytest.mark.parametrize("name", ["", " ", "a]b", "a\nb", "\x1b[31m"])
def test_what_no_profile_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        CardChoices(name)


@pytest.mark.parametrize("text", ["", "two", "2", "2.x.0", "２.32.0", "2.32.0.1", "-1.0"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        version_of(text)


@pytest.mark.parametrize("language", Language)
def test_names_are_text_and_nothing_else(language: Language) -> None:
    facts = _facts()
    hostile = replace(
        facts,
        user=replace(facts.user, name=HOSTILE),
        authenticators=(Device(f"arn:aws:iam::111122223333:mfa/{HOSTILE}", DeviceKind.VIRTUAL),),
    )
    made = card(hostile, CardChoices())
    page = Page(to_html(made, language))
    assert "alert(1)" not in page.inline["script"]
    assert "49" not in page.text
    assert "<script>" in page.text
    plain = to_markdown(made, language)
    # outside fenced code no markup of the name is left
    outside = "".join(plain.split("```")[::2])
    assert "<script>" not in outside
    assert "\\u007bsearch\\u007d" in outside


def test_a_name_with_a_line_break_or_a_direction_mark_is_spelled_out() -> None:
    facts = _facts()
    hostile = replace(facts, user=replace(facts.user, name="a\n\u202eb"))
    text = to_text(card(hostile, CardChoices()), Language.EN)
    assert "\u202e" not in text
    assert "a\\u000a\\u202eb" in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("user", ["ken.suzuki", "mei.takahashi", "deploy-bot"])
def test_every_form_of_the_companys_cards(user: str, language: Language) -> None:
    for form in ("text", "markdown", "html", "json"):
        options = [
            user,
            "--snapshot",
            str(COMPANY_FILE),
            "--format",
            form,
            "--lang",
            language.value,
        ]
        done = CliRunner().invoke(command, options, catch_exceptions=False)
        assert done.exit_code == 0
        assert user in done.stdout
        if form == "json":
            found = json.loads(done.stdout)
            assert found["user"] == user
            assert found["schema"] == "sekisho.card/1"


def test_who_cannot_even_add_a_device_is_not_told_to() -> None:
    facts = card_facts(snapshot_of({"users": {"bot": {"keys": [{"used": 2}]}}}), "bot")
    text = to_text(card(facts, CardChoices()), Language.EN)
    assert "an exception with a last day" in text
    assert "Assign MFA device" not in text


REFUSED = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]


@pytest.mark.parametrize("user", [{}, {"devices": ["passkey"], "keys": [{"used": 2}]}])
def test_who_may_not_use_aws_login_is_not_sent_there(user: dict[str, Any]) -> None:
    account = {"users": {"aki": {"has": ["R"], "password": {}, **user}}, "policies": {"R": REFUSED}}
    text = " ".join(
        to_text(card(card_facts(snapshot_of(account), "aki"), CardChoices()), Language.EN).split()
    )
    assert "You may not use `aws login`" in text
    assert "use `aws login`." not in text
    assert "Use `aws login`" not in text
    # a passkey is a way in for whoever has no key
    assert ("[Passkey or security key] or" in text) is (user == {})


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("width", [60, 92])
def test_sentences_fit_the_terminal_and_commands_stay_whole(language: Language, width: int) -> None:
    made = card(_facts(), CardChoices("a profile with a name"))
    text = to_text(made, language, width)
    sentences = [line for line in text.splitlines() if not line.startswith("    ")]
    assert max(map(cell_width, sentences)) <= width
    for block in (*_blocks(made, "shell"), *_blocks(made, "ini")):
        assert indent(block, "    ").rstrip() in text


def test_a_user_who_is_not_there_is_one_error() -> None:
    with pytest.raises(FaultyAccount, match="did you mean"):
        card_facts(snapshot_of(PLAIN), "aky")


@pytest.mark.skipif(os.name == "nt", reason="the script of AWS CLI v1 is a .cmd file there")
def test_the_command_for_an_older_aws_cli_gives_a_session_with_mfa(tmp_path: Path) -> None:
    account = people.account()
    made = card(card_facts(_of_file(tmp_path), "enforced"), CardChoices("work"))
    (typed,) = (block for block in _blocks(made, "shell") if "--token-code 123456" in block)
    config = tmp_path / "config"
    config.write_text("\n".join(_blocks(made, "ini")), encoding="utf-8")
    keys = tmp_path / "credentials"
    key, secret = people.key_id("enforced"), people.secret("enforced")
    keys.write_text(
        f"[work]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n", encoding="utf-8"
    )
    with LocalAws(account) as local:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env = kept | {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(keys),
            "AWS_ENDPOINT_URL": local.url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        refused = _aws(shlex.split("iam list-users --profile work"), env)
        assert "with an explicit deny" in refused.stderr
        words = shlex.split(typed.replace("\\\n", "").replace("123456", people.fresh_code(local)))
        assert words[0] == "aws"
        given = json.loads(_aws(words[1:], env).stdout)["Credentials"]
        session = {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
        listed = _aws(["iam", "list-users"], env | session)
        assert listed.returncode == 0, listed.stderr


def _of_file(folder: Path) -> Snapshot:
    path = folder / "account.json"
    path.write_text(people.account_text(), encoding="utf-8")
    return open_account(path)


def _aws(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own virtual environment
        [sys.executable, str(AWS), *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
