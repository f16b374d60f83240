"""On which points of sign-in that AWS does not document a verdict rests: it is said, and set."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from cases import CORPUS
from scenario_policies import attached, policies_of
from sekisho.cli.main import root
from sekisho.engine import AttachedPolicy, Policies
from sekisho.engine.matching import with_other_setting
from sekisho.errors import FaultyRequest, UsageError
from sekisho.policy import Choices, Preset, choices_of, force_mfa, from_json
from sekisho.prover.scenarios import (
    Setting,
    assumptions_that_matter,
    run_scenario,
    scenario_of,
)
from sekisho.signin import ConsoleAuthorization, SigninAssumptions

SAMPLE = str(CORPUS / "policy" / "aws-self-manage.json")
_ASKS = "console_authorization_asks_identity"
NO_TOKENS = {"Effect": "Deny", "Action": "sts:GetSessionToken", "Resource": "*"}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the terminal lines that hold every sentence."""
    monkeypatch.setenv("COLUMNS", "1000")


def _with(*statements: dict[str, Any]) -> Policies:
    document = from_json({"Version": "2012-10-17", "Statement": list(statements)})
    enforcement = AttachedPolicy("enforcement", force_mfa(choices_of(Preset.RECOMMENDED)))
    return Policies(identity=(enforcement, AttachedPolicy("more", document)))


_SELF_MANAGE = policies_of({"sample": "aws-mfa-selfmanage"})
"""AWS's sample for the API and the CLI: it does not let the console's page read the user."""


@pytest.mark.parametrize(
    ("name", "policies", "rests"),
    [
        ("key-user", _with(NO_TOKENS), ("get_session_token_heeds_deny",)),
        ("key-user", attached(choices_of(Preset.RECOMMENDED)), ()),
        ("password-expired", attached(Choices()), ("order",)),
        ("password-expired", attached(choices_of(Preset.RECOMMENDED)), ()),
        ("key-with-device", attached(Choices()), ("device_holder_needs_mfa",)),
        ("password-with-device", attached(Choices()), ()),
        ("new-user", attached(Choices()), ()),
        ("half-enrolled", _SELF_MANAGE, ("mfa_page_needs_reads",)),
        ("passkey-only", _SELF_MANAGE, ()),
        ("device-out-of-step", attached(Choices()), ("resync_at_sign_in",)),
        ("device-out-of-step-helped", attached(Choices()), ()),
        ("key-user-out-of-step", attached(Choices()), ()),
    ],
)
def test_a_verdict_names_what_it_rests_on(
    name: str, policies: Policies, rests: tuple[str, ...]
) -> None:
    found = run_scenario(scenario_of(name), policies)
    assert assumptions_that_matter(found, policies) == rests
    for assumption in rests:
        turned = Setting(signin=with_other_setting(SigninAssumptions(), assumption))
        again = run_scenario(scenario_of(name), policies, turned)
        assert again.outcome is not found.outcome
        assert assumptions_that_matter(again, policies, turned) == rests


@pytest.mark.parametrize(
    ("name", "rests"),
    [("new-user", (_ASKS,)), ("password-expired", ()), ("key-user", ())],
)
def test_where_console_authorization_is_enabled_it_is_said_that_policies_may_not_be_asked(
    name: str, rests: tuple[str, ...]
) -> None:
    policies, told = attached(choices_of(Preset.RECOMMENDED)), scenario_of(name)
    enabled = SigninAssumptions(console_authorization=ConsoleAuthorization.ENABLED)
    found = run_scenario(told, policies, Setting(signin=enabled))
    assert assumptions_that_matter(found, policies, Setting(signin=enabled)) == rests
    off = replace(enabled, console_authorization_asks_identity=False)
    turned = run_scenario(told, policies, Setting(signin=off))
    assert turned.outcome is run_scenario(told, policies).outcome
    assert assumptions_that_matter(turned, policies, Setting(signin=off)) == rests


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    root.main(
        ["prove", "policy", *arguments, "--only", "people", "--format", "json"],
        standalone_mode=False,
    )
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def test_the_command_says_it_and_lets_it_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    def expired(*arguments: str) -> tuple[str, list[str]]:
        people = {one["id"]: one for one in _told(capsys, SAMPLE, *arguments)["people"]}
        return people["password-expired"]["outcome"], people["password-expired"]["assumed"]

    assert expired() == ("gets in", ["order"])
    assert expired("--assume", "order=reset-first") == ("locked out", ["order"])
    assert expired("--assume", "arn_span=whole-string") == ("gets in", ["order"])
    in_text = ["prove", "policy", SAMPLE, "--only", "people", "--lang", "en"]
    root.main(in_text, standalone_mode=False)
    summary = capsys.readouterr().out
    (rests,) = [line for line in summary.splitlines() if line.startswith("This rests on points")]
    assert {"device_holder_needs_mfa", "order"} <= set(re.split(r"[:,.] ", rests))
    root.main([*in_text, "-v"], standalone_mode=False)
    assert "rests on the assumption device_holder_needs_mfa" in capsys.readouterr().out
    with pytest.raises(FaultyRequest, match="no such assumption"):
        _told(capsys, SAMPLE, "--assume", "orders=reset-first")
    with pytest.raises(UsageError, match="scenarios"):
        root.main(
            ["prove", "policy", SAMPLE, "--only", "enforcement", "--assume", "order=reset-first"],
            standalone_mode=False,
        )


def test_what_is_taken_for_granted_of_the_password_policy_is_said_of_people_alone_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def said(*arguments: str) -> tuple[bool, bool]:
        json_says = any("AllowUsers" in one for one in _told(capsys, *arguments)["assumptions"])
        people = ["--only", "people", "--lang", "en", "-v"]
        root.main(["prove", "policy", *arguments, *people], standalone_mode=False)
        return json_says, "AllowUsersToChangePassword" in capsys.readouterr().out

    assert said(SAMPLE) == (True, True)
    assert said(SAMPLE, "--users-may-change-password") == (False, False)
