"""The tour: the whole story on a local AWS, end to end, each step performed before it is told."""

import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path

from sekisho.account import AccountFile, load_account
from sekisho.localaws import LocalAws
from sekisho.policy import Preset
from sekisho.tour.acts.after import after
from sekisho.tour.acts.attach import attach
from sekisho.tour.acts.before import before
from sekisho.tour.acts.command_line import break_glass, key_user, machine, thief
from sekisho.tour.acts.existing import existing_user, group_members, half_enrolled, path_user
from sekisho.tour.acts.newcomers import new_user, other_preset, third_way
from sekisho.tour.acts.policy import policy
from sekisho.tour.stage import Stage
from sekisho.tour.step import Step

__all__ = ["example_company", "tour"]

_ACTS: tuple[Callable[[Stage], Iterator[Step]], ...] = (
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
    thief,
    after,
)

Endpoint = Callable[[AccountFile], AbstractContextManager[LocalAws]]


def example_company() -> AccountFile:
    """Return the example company that the story plays in."""
    data = resources.files("sekisho.tour").joinpath("data/company.json")
    return load_account(data.read_text(encoding="utf-8"))


def _password() -> str:
    # three of four classes of characters are what AWS's default password policy wants
    return f"Aa1-{secrets.token_urlsafe(18)}"


def tour(
    preset: Preset = Preset.RECOMMENDED,
    *,
    endpoint: Endpoint = LocalAws,
    make_password: Callable[[], str] = _password,
) -> Generator[Step, None, None]:
    """Perform the story and yield each step when it came out as it must.

    Starts a local AWS with the example company on 127.0.0.1, which stops when the last step was
    taken or the iterator is closed. Nothing outside this process is touched but a temporary
    directory for the plans' journals.

    Raises:
        UnexpectedAnswer: as soon as one step comes out otherwise; `at` is its id.
    """
    company = example_company()
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-tour-") as workshop,
        endpoint(company) as local,
    ):
        stage = Stage(local, company, preset, Path(workshop), make_password)
        for act in _ACTS:
            yield from act(stage)
