"""Law: whatever the choices, a Force_MFA policy is enforcement through which people can enrol."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho import policy
from sekisho.audit.meaning import DeniedWithoutMfa, Line, Meaning, ObjectOwner, Works, meaning
from sekisho.catalogue import partitions
from sekisho.policy import Choices, Preset

_FLAGS = [each.name for each in fields(Choices) if isinstance(each.default, bool)]


@st.composite
def _choices(draw: st.DrawFn) -> Choices:
    flags = {name: draw(st.booleans()) for name in _FLAGS}
    flags["passwords"] |= flags["password_change_without_mfa"]
    return Choices(
        partition=draw(st.sampled_from([partition.id for partition in partitions()])),
        mfa_age=draw(st.none() | st.integers(300, 129_600)),
        **flags,
    )


def _line(meant: Meaning, action: str, target: ObjectOwner) -> Line:
    line = meant.line(action, target)
    assert line is not None
    return line


# each example asks some 250 requests
@settings(max_examples=60)
@given(_choices())
def test_mfa_is_enforced_and_enrolment_is_allowed(choices: Choices) -> None:
    meant = meaning(policy.force_mfa(choices), partition=choices.partition)
    assert meant.enforces
    assert meant.unknown == ()
    enrolment = Works.CONSOLE_WITHOUT_MFA if choices.enrolment_needs_session else Works.WITHOUT_MFA
    for action in ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"):
        assert _line(meant, action, ObjectOwner.OWN).works is enrolment


# each example asks some 250 requests
@settings(max_examples=60)
@given(_choices())
def test_each_choice_opens_what_it_says(choices: Choices) -> None:
    meant = meaning(policy.force_mfa(choices), partition=choices.partition)
    enable = "iam:EnableMFADevice"
    with_path = _line(meant, enable, ObjectOwner.OWN_WITH_PATH)
    assert (with_path.works is _line(meant, enable, ObjectOwner.OWN).works) is choices.user_paths
    colleague = _line(meant, enable, ObjectOwner.COLLEAGUE)
    assert (colleague.enforcement is DeniedWithoutMfa.ENFORCED) is choices.own_things_only
    change = meant.line("iam:ChangePassword", ObjectOwner.OWN)
    works = change is not None and change.works is Works.WITHOUT_MFA
    assert works is choices.password_change_without_mfa
    deactivate = _line(meant, "iam:DeactivateMFADevice", ObjectOwner.OWN)
    assert deactivate.works is Works.ONLY_WITH_MFA
    assert deactivate.enforcement is DeniedWithoutMfa.ENFORCED


def test_aws_own_sample_dead_locks_and_forgets_get_mfa_device() -> None:
    meant = meaning(policy.force_mfa(policy.choices_of(Preset.AWS)))
    assert _line(meant, "iam:ChangePassword", ObjectOwner.OWN).works is Works.ONLY_WITH_MFA
    forgotten = _line(meant, "iam:GetMFADevice", ObjectOwner.OWN)
    assert (forgotten.works, forgotten.enforcement) == (
        Works.NOT_BY_THIS_POLICY,
        DeniedWithoutMfa.NOT_ENFORCED,
    )
