"""`sekisho explain`: from the command line to the exit code."""

import json

import pytest
from click.testing import CliRunner

from click_commands import command_of
from sekisho.cli import Exit

command = command_of("explain")

DENIED = (
    "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: "
    "s3:ListAllMyBuckets on resource: arn:aws:s3:::* with an explicit deny in an "
    "identity-based policy: arn:aws:iam::111122223333:policy/Force_MFA"
)


def _run(*arguments: str, stdin: bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.output


def test_a_denial_is_read_back_and_explained() -> None:
    code, shown = _run("--lang", "en", DENIED)
    assert code == Exit.CLEAN
    for part in (
        "[session.no-mfa]",
        "Caller: arn:aws:iam::111122223333:user/alice",
        "Refused by: identity-based policy, explicit deny",
        "Policy: arn:aws:iam::111122223333:policy/Force_MFA",
        "1. ",
        "How to tell:",
        "What to do:",
        "An administrator is needed.",
        "Easily confused with:",
    ):
        assert part in shown


def test_japanese_speaks_japanese() -> None:
    code, shown = _run("--lang", "ja", "エンティティは既に存在しています")
    assert code == Exit.CLEAN
    assert "見分け方:" in shown
    assert "You can" not in shown


def test_words_need_no_quotes_and_standard_input_is_read() -> None:
    plain = _run("--lang", "en", *DENIED.split())
    assert plain == _run("--lang", "en", DENIED)
    assert plain == _run("--lang", "en", "-", stdin=DENIED.encode("utf-8-sig"))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_unknown_is_said_to_be(lang: str) -> None:
    code, shown = _run("--lang", lang, "MultiFactorAuthentication failed")
    assert code == Exit.UNKNOWN
    assert "[code.refused]" in shown
    assert ("No known error" if lang == "en" else "該当するエラーが見つかりません") in shown
    assert ("What to do:" if lang == "en" else "対処:") not in shown


def test_the_id_of_a_scenario_is_proposed_too() -> None:
    code, shown = _run("--lang", "en", "key-usr")
    assert code == Exit.UNKNOWN
    assert "sekisho explain key-user" in shown


def test_of_a_scenario_it_is_said_whether_it_always_counts() -> None:
    for name, counts in (("password-without-device", False), ("password-with-device", True)):
        _, shown = _run("--lang", "en", name)
        assert ("counts only with `--strict`" not in " ".join(shown.split())) is counts


def test_unknown_bytes_are_no_error() -> None:
    code, _ = _run("--lang", "en", "-", stdin=b"\xff\xfe\x00 printer on fire")
    assert code == Exit.UNKNOWN


def test_json_has_english_keys_and_what_was_read() -> None:
    code, shown = _run("--lang", "ja", "--format", "json", DENIED)
    value = json.loads(shown)
    assert code == Exit.CLEAN
    assert set(value) == {"schema", "known", "answers", "nearest"}
    (answer,) = value["answers"]
    assert set(answer) == {"id", "title", "source", "read", "causes", "alike"}
    assert answer["read"] == {
        "user": "arn:aws:iam::111122223333:user/alice",
        "action": "s3:ListAllMyBuckets",
        "resource": "arn:aws:s3:::*",
        "explicit": True,
        "kind": "identity-based policy",
        "policy": "arn:aws:iam::111122223333:policy/Force_MFA",
    }


def test_json_of_the_unknown() -> None:
    code, shown = _run("--format", "json", "MultiFactorAuthentication failed")
    value = json.loads(shown)
    assert code == Exit.UNKNOWN
    assert value["known"] is False
    assert value["answers"] == []
    assert "code.refused" in value["nearest"]
