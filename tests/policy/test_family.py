"""The Force_MFA family: its presets, and what holds for every combination of choices."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho import catalogue, policy
from sekisho.errors import Code, FaultyPolicy
from sekisho.policy import SERVICE_EXEMPT, Choices, Effect, Preset, Quota, names

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"

some_choices = st.builds(
    Choices,
    partition=st.sampled_from([partition.id for partition in catalogue.partitions()]),
    mfa_age=st.one_of(st.none(), st.integers(300, 129_600)),
    **{
        field.name: st.booleans()
        for field in fields(Choices)
        if field.name not in ("partition", "mfa_age")
    },
).filter(lambda choices: choices.passwords or not choices.password_change_without_mfa)


def _actions(document, effect, *, negated):
    return {
        action
        for statement in document.statements
        if statement.effect is effect and statement.action.negated is negated
        for action in statement.action.values
    }


@pytest.mark.parametrize(
    ("preset", "name"),
    [(Preset.AWS, "aws-self-manage"), (Preset.FIRST_LOGIN, "force-mfa-first-login")],
)
def test_preset_equals_the_published_document(preset, name):
    published = json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))
    document = policy.force_mfa(policy.choices_of(preset))
    assert policy.to_json(document) == published
    assert document == policy.from_json(published)


def test_recommended_repairs_what_the_sample_gets_wrong():
    document = policy.force_mfa(policy.choices_of(Preset.RECOMMENDED))
    by_sid = {statement.sid: statement for statement in document.statements}
    assert "iam:GetMFADevice" in by_sid["AllowManageOwnUserMFA"].action.values
    assert by_sid["AllowManageOwnUserMFA"].resource.values == (
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:user/*/${aws:username}",
    )
    enforcement = by_sid["DenyAllExceptListedIfNoMFA"]
    assert "iam:ChangePassword" in enforcement.action.values
    others = by_sid["DenyOthersIfNoMFA"]
    assert others.action.values == (
        "iam:EnableMFADevice",
        "iam:GetUser",
        "iam:GetMFADevice",
        "iam:ListMFADevices",
        "iam:ResyncMFADevice",
        "iam:ChangePassword",
    )
    assert others.resource.negated
    assert len(document.statements) == 10


@given(some_choices)
def test_nothing_is_exempt_that_is_not_allowed(choices):
    document = policy.force_mfa(replace(choices, allow_what_is_exempt=True))
    exempt = _actions(document, Effect.DENY, negated=True)
    allowed = _actions(document, Effect.ALLOW, negated=False)
    # nobody needs an Allow to sign in
    sign_in = {*policy.CONSOLE_ACTIONS} if choices.console_sign_in_without_mfa else set()
    assert exempt - allowed == {SERVICE_EXEMPT} | sign_in


@given(some_choices)
def test_enforcement_denies_keys_that_carry_no_mfa_key(choices):
    document = policy.force_mfa(choices)
    (enforcement,) = [s for s in document.statements if s.sid == "DenyAllExceptListedIfNoMFA"]
    assert (enforcement.effect, enforcement.resource.values) == (Effect.DENY, ("*",))
    conditions = {condition.key: condition for condition in enforcement.conditions}
    assert set(conditions) == {"aws:MultiFactorAuthPresent"} | (
        {"aws:ViaAWSService"} if choices.via_aws_service else set()
    )
    assert all(str(condition.operator) == "BoolIfExists" for condition in enforcement.conditions)
    assert all(condition.values == ("false",) for condition in enforcement.conditions)


@given(some_choices)
def test_the_family_as_json_is_what_its_document_says(choices):
    assert policy.force_mfa_json(choices) == policy.to_json(policy.force_mfa(choices))


@given(some_choices)
def test_what_outlives_a_session_is_never_exempt(choices):
    exempt = _actions(policy.force_mfa(choices), Effect.DENY, negated=True)
    written = {action for action in exempt if not action.startswith(("iam:Get", "iam:List"))}
    if choices.console_sign_in_without_mfa:
        # for the console alone: other clients are denied
        written -= {*policy.CONSOLE_ACTIONS}
    assert written <= {
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:ResyncMFADevice",
        "iam:ChangePassword",
        SERVICE_EXEMPT,
    }


@given(some_choices)
def test_every_action_exists_and_applies_to_its_resource(choices):
    document = policy.force_mfa(choices)
    summary = policy.summarise(document, catalogue.load())
    assert summary.warnings == ()
    assert summary.uncategorised == ()


@given(some_choices)
def test_it_fits_and_it_is_of_one_partition(choices):
    document = policy.force_mfa(choices)
    assert policy.size(document) <= Quota.MANAGED_POLICY.number
    arns = {
        value
        for statement in document.statements
        for value in statement.resource.values
        if value != "*"
    }
    assert {arn.split(":")[1] for arn in arns} == {choices.partition}


@given(some_choices)
def test_positions_are_those_of_its_text(choices):
    document = policy.force_mfa(choices)
    again = policy.parse(policy.render(document))
    assert [s.position for s in again.statements] == [s.position for s in document.statements]
    assert again == document


def test_each_choice_changes_the_document():
    base = replace(policy.choices_of(Preset.RECOMMENDED), password_change_without_mfa=False)
    for field in fields(Choices):
        value = getattr(base, field.name)
        other = {"partition": "aws-cn", "mfa_age": 3600}.get(field.name, not value)
        changed = policy.force_mfa(replace(base, **{field.name: other}))
        assert changed != policy.force_mfa(base), field.name


def test_every_bad_choice_is_named_at_once():
    choices = Choices(
        partition="aws-mars", passwords=False, password_change_without_mfa=True, mfa_age=1
    )
    with pytest.raises(FaultyPolicy) as caught:
        policy.force_mfa(choices)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        (Code.POLICY_BAD_CHOICE, "partition"),
        (Code.POLICY_BAD_CHOICE, "password_change_without_mfa"),
        (Code.POLICY_BAD_CHOICE, "mfa_age"),
    ]


def test_name_and_description_are_ones_that_aws_takes():
    assert names.policy_name(policy.NAME) == ()
    assert names.description(policy.DESCRIPTION) == ()


@pytest.mark.parametrize("preset", Preset)
def test_every_choice_is_explained_in_both_languages(preset):
    choices = policy.choices_of(preset)
    explained = policy.explain(choices)
    assert [each.name for each in explained] == [field.name for field in fields(Choices)]
    for each in explained:
        for text in (each.title, each.allows, each.costs):
            assert text.en.isascii()
            assert not text.ja.isascii()
        for text in (each.allows, each.costs):
            assert text.en.endswith(".")
            assert text.ja.endswith("。")
    chosen = {each.name: each.chosen for each in explained}
    assert chosen["password_change_without_mfa"] == (
        "on" if choices.password_change_without_mfa else "off"
    )
    assert chosen["partition"] == "aws"


def test_the_document_names_every_choice_and_preset():
    text = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    for name in (*(field.name for field in fields(Choices)), *Preset):
        assert f"`{name}`" in text
    size = policy.size(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))
    assert f"`recommended` has {size:,} and" in text
