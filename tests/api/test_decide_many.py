"""`decide_many`: the compiled decider as a stranger reaches it says what the engine says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sekisho
from sekisho import errors
from sekisho.engine import decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USER = "arn:aws:iam::111122223333:user/hanako"
ATTACHED = sekisho.policies(sekisho.force_mfa())
REQUESTS = st.builds(
    sekisho.Request,
    st.sampled_from([USER, "arn:aws:iam::111122223333:user/team/taro"]),
    st.sampled_from(["s3:ListAllMyBuckets", "iam:ChangePassword", "iam:EnableMFADevice"]),
    st.sampled_from(["*", USER]),
    st.dictionaries(
        st.sampled_from(["aws:MultiFactorAuthPresent", "aws:ViaAWSService"]), st.booleans()
    ),
)


@given(st.lists(REQUESTS, max_size=4))
def test_each_is_the_engine_s_decision_in_order(requests: list[sekisho.Request]) -> None:
    assert sekisho.decide_many(iter(requests), ATTACHED) == [
        decide(each, ATTACHED) for each in requests
    ]


@given(REQUESTS)
def test_of_a_complete_request_it_is_the_answer_s(request: sekisho.Request) -> None:
    """Only then can the two be compared: `decide` adds what follows from a request."""
    answer = sekisho.decide(request, ATTACHED, now=NOW)
    if answer.decision is not None:
        assert sekisho.decide_many([answer.request], answer.policies) == [answer.decision]


def test_what_is_no_request_costs_its_own_decision_only() -> None:
    sound = sekisho.Request(USER, "s3:ListAllMyBuckets", "*")
    wrong: Any = None
    impossible = sekisho.Request(USER, "ListAllMyBuckets", "*")
    given_ = [sound, wrong, sound, impossible]
    first, no_request, third, refused = sekisho.decide_many(given_, ATTACHED)
    assert first == third == decide(sound, ATTACHED)
    assert isinstance(no_request, sekisho.SekishoError)
    assert (no_request.code, no_request.at) == ("usage", "requests[1]")
    assert isinstance(refused, sekisho.SekishoError)
    assert refused.code == "request.bad-value"
    table = sekisho.decide_many(given_, ATTACHED, into="arrow").to_pylist()
    assert [row["error"] and row["error"]["code"] for row in table] == [
        None,
        "usage",
        None,
        "request.bad-value",
    ]
    assert [row["effect"] is None for row in table] == [False, True, False, True]
    with pytest.raises(sekisho.SekishoError) as caught:
        sekisho.decide_many(wrong, ATTACHED)
    assert caught.value.at == "requests"
    with pytest.raises(sekisho.SekishoError, match="`attached` must be"):
        sekisho.decide_many([sound], wrong)


@given(st.lists(REQUESTS, max_size=4))
def test_as_arrow_it_is_the_same(requests: list[sekisho.Request]) -> None:
    table = sekisho.decide_many(requests, ATTACHED, into="arrow")
    decisions = sekisho.decide_many(requests, ATTACHED)
    assert table.column_names == ["effect", "blocked_by", "because", "assumed", "error"]
    assert [
        (row["effect"], row["blocked_by"], [cause["sid"] for cause in row["because"]])
        for row in table.to_pylist()
    ] == [
        (each.effect, each.blocked_by, [cause.sid for cause in each.because]) for each in decisions
    ]
    assert [tuple(names) for names in table["assumed"].to_pylist()] == [
        each.assumed for each in decisions
    ]


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    request = sekisho.Request(USER, "s3:ListAllMyBuckets", "*")
    with pytest.raises(sekisho.SekishoError, match="missing: `pyarrow`") as caught:
        sekisho.decide_many([request], ATTACHED, into="arrow")
    assert caught.value.fix is not None
    assert "sekisho[replay]" in caught.value.fix.en
    assert sekisho.decide_many([request], ATTACHED)
    wrong: Any = "polars"
    with pytest.raises(sekisho.SekishoError, match="polars"):
        sekisho.decide_many([request], ATTACHED, into=wrong)
