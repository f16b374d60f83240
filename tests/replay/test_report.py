"""What a replay says of groups: every event once, each key's story, and no more than is known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hand_made_replays import (
    DENIED,
    DENY,
    KEY,
    NO_KEY,
    UNCHANGED,
    detail,
    event,
    judged,
    report,
    tally,
    to_text,
)
from sekisho.account import LooksLike, looks_like
from sekisho.documents.report import TextLayout
from sekisho.errors import InternalError
from sekisho.messages import Language
from sekisho.replay import CallOutcome, DetailKind, Judgement, OutcomeReason, Tally
from sekisho.replay.report import (
    ConsoleSignIn,
    JudgedGroup,
    LogFigures,
    evidence_of,
    evidence_of_key,
    proposals,
)

_SIGN_IN = Judgement(CallOutcome.NOT_DENIABLE, OutcomeReason.SIGN_IN)


def _login(user: str, mfa: str, result: str = "Success") -> JudgedGroup:
    said = event(
        user,
        name="ConsoleLogin",
        source="signin.amazonaws.com",
        type="AwsConsoleSignIn",
        key_id=None,
        login_mfa=mfa,
        login_result=result,
    )
    return judged(said, _SIGN_IN)


_EVENTS = st.builds(
    event,
    st.sampled_from(["alice", "bob"]),
    key_id=st.sampled_from([KEY, "ASIA", None]),
    mfa=st.sampled_from(["true", "false", None]),
    invoked_by=st.sampled_from(["athena.amazonaws.com", None]),
    name=st.sampled_from(["GetObject", "ConsoleLogin", "AuthorizeOAuth2Access"]),
    identity=st.sampled_from(["IAMUser", "AssumedRole", "AWSService", "Root", None]),
    address=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
)
_JUDGEMENTS = st.sampled_from(
    [
        DENIED,
        UNCHANGED,
        NO_KEY,
        Judgement(CallOutcome.FAILED, OutcomeReason.UNAUTHORIZED),
        _SIGN_IN,
        Judgement(CallOutcome.NOT_BOUND, OutcomeReason.NOT_ATTACHED),
    ]
)
_GROUPS = st.lists(
    st.builds(judged, _EVENTS, _JUDGEMENTS, st.integers(1, 9), st.integers(0, 99)), max_size=12
)


@given(_GROUPS)
def test_every_event_is_counted_once(groups: list[JudgedGroup]) -> None:
    made = report(groups)
    events = sum(each.group.tally.events for each in groups)
    assert sum(made.counts.values()) == events
    of_callers = Counter[CallOutcome]()
    for caller in made.callers:
        for key in caller.keys:
            for row in (*key.own, *key.forwarded):
                of_callers[row.outcome] += row.tally.events
    assert +of_callers == +Counter(made.counts)
    assert sum(made.unknown.values()) == made.counts[CallOutcome.UNKNOWN]
    for outcome in (CallOutcome.FAILED, CallOutcome.NOT_DENIABLE, CallOutcome.NOT_BOUND):
        assert sum(made.because(outcome).values()) == made.counts[outcome]


@given(_GROUPS, st.randoms(use_true_random=False))
def test_the_order_of_groups_changes_nothing(groups: list[JudgedGroup], random: Any) -> None:
    other = list(groups)
    random.shuffle(other)
    assert report(groups) == report(other)


def test_groups_that_only_a_policy_tells_apart_are_one_row() -> None:
    places = [event(address=f"192.0.2.{last}") for last in range(3)]
    (row,) = report([judged(each, events=2, hour=3 * at) for at, each in enumerate(places)]).rows
    assert row.tally == Tally(6, tally(1).first, tally(2, 6).last, "id-0", "id-7")


def test_groups_that_are_not_all_events_are_a_fault_of_ours() -> None:
    with pytest.raises(InternalError, match="1 events in rows, 2 read"):
        report([judged(event())], log=LogFigures(events=2))


def test_what_services_did_is_under_the_service_and_no_call_of_its_own() -> None:
    forwarded = event(key_id="ASIA", mfa="false", invoked_by="athena.amazonaws.com")
    made = report([judged(event(), events=2), judged(forwarded, events=5)])
    (caller,) = made.callers
    assert caller.denied == 2
    assert [key.key_id for key in made.stopping] == [KEY]
    (sessions,) = [key for key in caller.keys if key.key_id == "ASIA"]
    assert not sessions.own
    assert [row.invoked_by for row in sessions.forwarded] == ["athena.amazonaws.com"]


@pytest.mark.parametrize(
    ("others", "stops"),
    [
        ((), True),
        ((Judgement(CallOutcome.FAILED, OutcomeReason.OTHER_ERROR),), True),
        ((UNCHANGED,), False),
        ((NO_KEY,), False),
    ],
)
def test_a_key_stops_if_nothing_that_it_did_would_go_on(
    others: tuple[Judgement, ...], stops: bool
) -> None:
    made = report([judged(event()), *(judged(event(name="Other"), each) for each in others)])
    (key,) = made.stopping
    assert key.stops is stops


_ABSENT_OBJECT = Judgement(CallOutcome.FAILED, OutcomeReason.DENIED_AS_WELL, causes=(DENY,))


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([UNCHANGED], "No call that succeeded would be denied. Calls that failed"),
        ([], "No call that succeeded would be denied. Calls that failed"),
        ([NO_KEY], "No call of 2 users is sure to be denied, but 1 call cannot be decided. Calls"),
        ([DENIED], "Calls of 1 of 2 users would be denied: alice. Calls that failed"),
    ],
)
def test_whose_calls_failed_otherwise_and_would_be_denied_is_in_the_verdict(
    others: list[Judgement], verdict: str
) -> None:
    groups = [judged(event("bob"), _ABSENT_OBJECT, 9), *(judged(event(), each) for each in others)]
    made = report(groups)
    text = " ".join(to_text(made, Language.EN).split())
    assert text.startswith(verdict)
    assert "would be denied from then on: bob." in text
    assert "would be denied as well: 9 calls." in text
    assert made.affects
    assert not [key for key in made.stopping if key.caller.name == "bob"]


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([], "No call that succeeded would be denied."),
        ([UNCHANGED], "No call that succeeded would be denied."),
        ([_ABSENT_OBJECT], "No call that succeeded would be denied. Calls that failed"),
        ([DENIED], "Calls of 1 of 2 users would be denied: alice."),
    ],
)
def test_what_failed_otherwise_and_cannot_be_decided_is_no_pass(
    others: list[Judgement], verdict: str
) -> None:
    undecided = Judgement(CallOutcome.FAILED, OutcomeReason.UNDECIDED_AS_WELL)
    groups = [judged(event("bob"), undecided, 9), *(judged(event(), each) for each in others)]
    made = report(groups)
    text = " ".join(to_text(made, Language.EN).split())
    assert text.startswith(verdict)
    assert "whether it would be denied as well cannot be decided: 9 calls." in text
    assert made.incomplete


def test_who_loses_calls_anyway_is_not_named_for_those_that_failed() -> None:
    made = report([judged(event()), judged(event(name="HeadObject"), _ABSENT_OBJECT)])
    assert not made.failing
    assert "from then on" not in to_text(made, Language.EN)


def test_days_without_events_are_there() -> None:
    groups = [judged(event()), judged(event("bob"), UNCHANGED)]
    days = [(0, date(2026, 8, 1), 1), (1, date(2026, 8, 3), 1)]
    made = report(groups, days=days)
    assert [(each.day.day, each.events, each.denied) for each in made.days] == [
        (1, 1, 1),
        (2, 0, 0),
        (3, 1, 0),
    ]


def test_sign_ins_are_counted_by_how_they_ended() -> None:
    made = report([_login("alice", "Yes"), _login("alice", "No"), _login("alice", "No", "Failure")])
    (caller,) = made.callers
    expected: Mapping[ConsoleSignIn, int] = {
        ConsoleSignIn.WITH_MFA: 1,
        ConsoleSignIn.WITHOUT_MFA: 1,
        ConsoleSignIn.FAILED: 1,
    }
    assert caller.sign_ins == expected
    assert caller.with_mfa == 1


def test_aws_login_without_mfa_is_named() -> None:
    login = event(name="AuthorizeOAuth2Access", source="signin.amazonaws.com", key_id=None)
    safe = event("bob", sign_in_session="yes", key_id="ASIA", mfa="true")
    made = report([judged(login, UNCHANGED), judged(safe, UNCHANGED)])
    assert [each.caller.name for each in made.callers if each.aws_login] == ["alice"]


def _around_the_clock() -> list[Any]:
    who = event("deploy-bot")
    return [
        *(detail(who, DetailKind.HOUR_OF_WEEK, str(hour), 3) for hour in range(168)),
        detail(who, DetailKind.ADDRESS, "192.0.2.7", 500),
        detail(who, DetailKind.AGENT, "Boto3/1.34.0 md/Botocore#1.34.0", 500),
    ]


def test_a_machine_is_told_by_hours_and_programs() -> None:
    made = report([judged(event("deploy-bot"), events=500)], _around_the_clock())
    evidence = evidence_of(made.callers[0])
    assert looks_like(evidence) is LooksLike.MACHINE
    (proposed,) = proposals(made.callers)
    assert (proposed.user, proposed.calls, proposed.key_ids) == ("deploy-bot", 500, (KEY,))


def test_whoever_signs_in_and_runs_around_the_clock_is_not_clear() -> None:
    groups = [judged(event("deploy-bot"), events=500), _login("deploy-bot", "No")]
    made = report(groups, _around_the_clock())
    assert looks_like(evidence_of(made.callers[0])) is LooksLike.UNSURE


def test_that_somebody_signs_in_speaks_of_sessions_and_not_of_an_access_key() -> None:
    session = event("bob", key_id="ASIA", mfa="false")
    groups = [judged(session), judged(event("bob")), _login("bob", "No")]
    made = report(
        groups, [detail(each, DetailKind.AGENT, "Boto3/1.34.0") for each in (session, event("bob"))]
    )
    looks = {key.key_id: looks_like(evidence_of_key(key)) for key in made.callers[0].keys}
    assert looks == {KEY: LooksLike.MACHINE, "ASIA": LooksLike.UNSURE, "": LooksLike.PERSON}


def test_a_person_is_never_proposed_as_an_exemption() -> None:
    groups = [judged(event(), events=60), _login("alice", "No")]
    hours = [detail(event(), DetailKind.HOUR_OF_WEEK, str(9 + day * 24), 20) for day in range(5)]
    made = report(groups, hours)
    assert looks_like(evidence_of(made.callers[0])) is LooksLike.PERSON
    assert not proposals(made.callers)


FORWARDED = event(key_id="ASIA", mfa="false", invoked_by="athena.amazonaws.com")


def test_denied_calls_on_somebodys_behalf_alone_are_in_the_verdict() -> None:
    made = report([judged(event(), UNCHANGED), judged(FORWARDED, events=5)])
    first, *_, story = to_text(made, Language.EN).partition("What would stop\n")[0::2]
    assert first.startswith("Calls of 1 of 1 user would be denied: alice.")
    assert "Of the denied calls, made by services on a caller's behalf: 5." in first
    assert story.lstrip().startswith(
        "On behalf of alice, services made 5 calls that would be denied: athena.amazonaws.com."
    )


def test_a_service_is_no_address_of_a_caller() -> None:
    places = ("192.0.2.1", "athena.amazonaws.com", "AWS Internal")
    details = [detail(FORWARDED, DetailKind.ADDRESS, place) for place in places]
    made = report([judged(replace(FORWARDED, invoked_by=None)), judged(FORWARDED)], details)
    assert "without MFA from one address" in to_text(made, Language.EN)


def test_a_federated_users_session_is_not_its_user() -> None:
    session = event(key_id="ASIA", identity="FederatedUser")
    details = [detail(session, DetailKind.ADDRESS, "192.0.2.1")]
    made = report([judged(session), judged(event(key_id="ASIA"), UNCHANGED)], details)
    labels = {each.label: [key.details for key in each.keys] for each in made.callers}
    assert labels == {"alice (GetFederationToken)": [()], "alice": [tuple(details)]}


def test_whoever_an_identity_provider_signed_in_may_have_had_mfa() -> None:
    role = event(
        name="ConsoleLogin",
        source="signin.amazonaws.com",
        identity="AssumedRole",
        principal="arn:aws:sts::111122223333:assumed-role/Admin/alice@example.com",
        user=None,
        login_mfa="No",
        login_result="Success",
    )
    (caller,) = report([judged(role, _SIGN_IN)]).callers
    assert (caller.label, caller.sign_ins) == ("Admin", {ConsoleSignIn.UNKNOWN_MFA: 1})


def test_a_day_centuries_away_does_not_fill_the_calendar() -> None:
    days = [(0, date(1970, 1, 1), 1), (0, date(2026, 8, 1), 1)]
    assert len(report([judged(event(), events=2)], days=days).days) == 2


NOT_BOUND = Judgement(CallOutcome.NOT_BOUND, OutcomeReason.NOT_IN_ACCOUNT)


def test_who_is_not_in_the_snapshot_is_named() -> None:
    said = to_text(report([judged(event()), judged(event("bob"), NOT_BOUND)]), Language.EN)
    assert "Not in the snapshot: 1 user (bob)." in said


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (
            [judged(event("bob"), NOT_BOUND)],
            "No result: the policies in question apply to none of 1 event.",
        ),
        (
            [judged(event()), judged(event("bob"), NO_KEY)],
            "Calls of 1 of 2 users would be denied: alice. 1 call cannot be decided.",
        ),
        (
            [judged(event(identity=None, principal=None, user=None), NO_KEY)],
            "No call is sure to be denied, but 1 call cannot be decided.",
        ),
        ([], "No event was read, so there is no result."),
        ([judged(event())], "Calls of 1 of 1 user would be denied: alice."),
        (
            [judged(event(), UNCHANGED)],
            "No call would be denied: 1 user, 1 event.",
        ),
        (
            [judged(event(), NO_KEY)],
            "No call of 1 user is sure to be denied, but 1 call cannot be decided.",
        ),
        (
            [
                judged(
                    event(
                        identity="AssumedRole", principal="arn:aws:iam::1:role/app/web", user=None
                    )
                )
            ],
            "No user's call would be denied, but calls of other callers would: web.",
        ),
    ],
)
def test_the_verdict_is_first(groups: list[JudgedGroup], said: str) -> None:
    assert to_text(report(groups), Language.EN).splitlines()[0] == said


def test_a_key_is_told_in_words() -> None:
    late = judged(event("bob"), UNCHANGED, hour=1000)
    details = [detail(event(), DetailKind.ADDRESS, f"192.0.2.{last}") for last in (1, 2)]
    made = report([judged(event(), events=3), late], details)
    said = to_text(made, Language.EN)
    assert (
        f"alice's access key {KEY} made 3 calls without MFA from 2 addresses, the last on "
        "2026-08-01 11:00 UTC (41 days before the log ends): s3 (3). All of them would be denied, "
        "so it will stop working." in said
    )
    assert "To decide: except these callers, or change how they call?" in said


def test_who_has_only_calls_on_its_behalf_that_are_not_decided_has_a_figure() -> None:
    forwarded = event("bob", key_id="ASIA", mfa="true", invoked_by="athena.amazonaws.com")
    short = TextLayout(verbose=False)
    alone = report([judged(forwarded, NO_KEY, 7)])
    assert "by services on its behalf" in to_text(alone, Language.EN, short)
    both = report([judged(event("bob"), UNCHANGED), judged(forwarded, NO_KEY, 7)])
    assert "by services on its behalf" not in to_text(both, Language.EN, short)
