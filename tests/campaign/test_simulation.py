"""A campaign over weeks, run daily in a company whose people do what people do.

Each promise of a campaign is a test; and each is broken on purpose, to see that this is noticed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from campaign.invariants import Breaches, Invariant, judge
from campaign.on_paper import arn_of
from campaign.running import Run, Simulation
from profiles import DEEP
from sekisho.campaign import CampaignStage, PlanProblem
from sekisho.messages import verbatim
from sekisho.rollout import AttachUserPolicy, DetachUserPolicy

SEEDS = range(12 if DEEP else 1)
SIZE = 40 if DEEP else 15
ON_PAPER = [each for each in Invariant if each is not Invariant.COMES_BACK]


@cache
def simulated(seed: int) -> tuple[Run, ...]:
    return tuple(Simulation(seed, SIZE).days())


def breaches_of(runs: Iterable[Run]) -> Breaches:
    found, whole = Breaches(), [*runs]
    for run in whole:
        judge(found, run.outcome, last=run is whole[-1])
    return found


@cache
def kept(seed: int) -> Breaches:
    return breaches_of(simulated(seed))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("promise", ON_PAPER, ids=lambda each: each.name.lower())
def test_a_campaign_keeps_its_promises(promise: Invariant, seed: int) -> None:
    assert not kept(seed).found[promise], promise.value


@pytest.mark.skipif(not DEEP, reason="some minutes")
def test_a_company_of_two_thousand_people() -> None:
    found, runs = Breaches(), [*Simulation(0, 2000).days()]
    for run in runs:
        judge(found, run.outcome, last=run is runs[-1])
    assert not {promise.value: how for promise, how in found.found.items() if how}


def enforcing_the_left(run: Run) -> Iterator[Run]:
    """What speaks against it is ignored."""
    left = (AttachUserPolicy(name, arn_of("Force_MFA")) for name in run.campaign.today.problems)
    yield replace(run, changes=(*run.changes, *left))


def detaching_first(run: Run) -> Iterator[Run]:
    """The right to enrol goes before MFA is enforced."""
    first = tuple(each for each in run.changes if isinstance(each, DetachUserPolicy))
    yield replace(run, changes=first, killed=True)


def stopping_for_one(run: Run) -> Iterator[Run]:
    """Nothing is done while anybody is left."""
    yield replace(run, changes=()) if run.campaign.today.problems else run


def telling_nobody(run: Run) -> Iterator[Run]:
    """Nothing is delivered on any day, and people are enforced all the same."""
    yield replace(run, earlier=())


def telling_again(run: Run) -> Iterator[Run]:
    """The day's notices are delivered once more."""
    yield replace(run, earlier=(*run.earlier, *run.outcome.notices))


def telling_too_early(run: Run) -> Iterator[Run]:
    """People are told before today's changes are made."""
    yield replace(run, changes=())


def naming_nobody(run: Run) -> Iterator[Run]:
    yield replace(run, named=frozenset())


def giving_any_reason(run: Run) -> Iterator[Run]:
    """Whoever is left is said to use a key."""
    why = (PlanProblem("keys-in-use", verbatim("keys")),)
    today = run.campaign.today
    said = replace(today, problems=dict.fromkeys(today.problems, why))
    yield replace(run, campaign=replace(run.campaign, today=said))


def forgetting_some(run: Run) -> Iterator[Run]:
    """Who waits is not shown."""
    stages = (CampaignStage.NOT_STARTED, CampaignStage.ENROLMENT_OPEN)
    people = tuple(each for each in run.campaign.people if each.stage not in stages)
    yield replace(run, campaign=replace(run.campaign, people=people))


@pytest.mark.parametrize(
    ("sabotage", "promise"),
    [
        (enforcing_the_left, Invariant.LOCKS_OUT_NOBODY),
        (detaching_first, Invariant.TAKES_NOBODYS_WAY),
        (stopping_for_one, Invariant.ONE_FAULT_ONE_PERSON),
        (naming_nobody, Invariant.NAMES_THE_LOCKED_OUT),
        (giving_any_reason, Invariant.GIVES_TRUE_REASONS),
        (forgetting_some, Invariant.LEAVES_NOBODY_OUT),
        (telling_nobody, Invariant.TELLS_FIRST),
        (telling_again, Invariant.TELLS_ONCE),
        (telling_too_early, Invariant.ASKS_FOR_WHAT_CAN_BE_DONE),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_broken_campaign_is_noticed(
    sabotage: Callable[[Run], Iterator[Run]], promise: Invariant
) -> None:
    runs = (other for seed in SEEDS for run in simulated(seed) for other in sabotage(run))
    assert breaches_of(runs).found[promise]
