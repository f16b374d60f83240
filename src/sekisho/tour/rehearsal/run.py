"""The tour: the whole rollout rehearsed on a local AWS, each step performed before it is shown."""

import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sekisho.account import AccountFile
from sekisho.localaws import LocalAws, example_company
from sekisho.policy import Preset
from sekisho.tour.rehearsal.afterwards import after
from sekisho.tour.rehearsal.rehearsal import TourRehearsal
from sekisho.tour.rehearsal.setting_up import attach, before, policy
from sekisho.tour.rehearsal.steps import TourStep
from sekisho.tour.rehearsal.users import (
    attacker,
    break_glass,
    campaign,
    existing_user,
    group_members,
    half_enrolled,
    key_user,
    machine,
    new_user,
    other_preset,
    path_user,
    third_way,
)

_CHAPTERS: tuple[Callable[[TourRehearsal], Iterator[TourStep]], ...] = (
    before,
    policy,
    attach,
    existing_user,
    new_user,
    other_preset,
    third_way,
    group_members,
    path_user,
    half_enrolled,
    key_user,
    machine,
    break_glass,
    attacker,
    campaign,
    after,
)

StartLocalAws = Callable[[AccountFile], AbstractContextManager[LocalAws]]


def _password() -> str:
    # three of four classes of characters are what AWS's default password policy wants
    return f"Aa1-{secrets.token_urlsafe(18)}"


def tour(
    preset: Preset = Preset.RECOMMENDED,
    *,
    start: StartLocalAws = LocalAws,
    make_password: Callable[[], str] = _password,
) -> Generator[TourStep, None, None]:
    """Perform every step and yield it when it came out as it must.

    Starts a local AWS with the example company on 127.0.0.1, which stops after the last step, or
    when the iterator is closed. Nothing outside this process is touched but a temporary
    directory for the plans' journals.

    Raises:
        UnexpectedAnswer: as soon as one step comes out otherwise; `at` is its id.
    """
    company = example_company()
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-tour-") as journals,
        start(company) as local,
    ):
        rehearsal = TourRehearsal(local, company, preset, Path(journals), make_password)
        for chapter in _CHAPTERS:
            yield from chapter(rehearsal)
