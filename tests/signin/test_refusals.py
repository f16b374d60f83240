"""Names, limits and AWS's own texts."""

from datetime import timedelta

import pytest

from cases import cases
from sekisho import signin
from sekisho.signin import HolderKind, MfaParameters, Refused, role_duration, token_duration

STAND_INS = {"LONG_PATH": "/" + "a" * 512 + "/"}


@pytest.mark.parametrize(
    "case", cases("signin/refusals", ["call", "arguments", "expected"], ["rule"])
)
def test_refusal(case):
    named = getattr(signin, case["call"])
    arguments = [STAND_INS.get(value, value) for value in case["arguments"]]
    got = named(*arguments) if callable(named) else named
    if case["expected"] is None:
        assert got is None
    else:
        assert got == Refused(**case["expected"], reason=signin.Rule(case["rule"]))


@pytest.mark.parametrize(
    "case",
    cases(
        "signin/durations", ["call", "requested", "expected"], ["holder", "maxSession", "chained"]
    ),
)
def test_duration(case):
    if case["call"] == "token":
        got = token_duration(HolderKind(case["holder"]), case["requested"])
    else:
        got = role_duration(case["requested"], case["maxSession"], chained=case["chained"])
    if isinstance(got, timedelta):
        assert got.total_seconds() == case["expected"]
    else:
        assert (got.code, got.message, got.status) == ("ValidationError", case["expected"], 400)


def test_mfa_parameters_hide_the_code():
    got = signin.mfa_parameters("arn:aws:iam::111122223333:mfa/phone", "918273")
    assert got == MfaParameters("arn:aws:iam::111122223333:mfa/phone", "918273")
    assert "918273" not in repr(got)
