"""`--logs`: a usage file alone, or logs; of the account that is looked at.

Reads `sekisho.cli.usage` itself, because several commands have the option, and one place reads it.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from rollout.staging import NOW, account
from sekisho.account import Usage, UserUse, save_usage
from sekisho.cli.usage import account_with_logs, usage_from
from sekisho.errors import FaultyInput, SekishoError, UsageError
from sekisho.messages import Language

LOG = Path(__file__).parents[1] / "golden" / "inputs" / "logs" / "company.json"
USAGE = Usage(None, None, NOW, NOW, 1, 5, users=(UserUse(account().users[0].arn),))


def usage_of(*paths: Path) -> Usage | None:
    return usage_from(tuple(map(str, paths)), Language.EN)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "usage.json"
    save_usage(USAGE, path)
    return path


def test_without_paths_there_is_none() -> None:
    assert usage_of() is None


def test_a_usage_file_is_loaded_and_logs_are_read(saved: Path) -> None:
    assert usage_of(saved) == USAGE
    logs = usage_of(LOG)
    assert logs is not None
    assert (
        logs.files,
        logs.user_use("arn:aws:iam::111122223333:user/deploy-bot").without_mfa > 0,
    ) == (
        1,
        True,
    )


def test_a_usage_file_goes_with_nothing_else(saved: Path) -> None:
    with pytest.raises(UsageError, match="goes with no other"):
        usage_of(LOG, saved)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"schema": "sekisho.usage/2", "users": []}', "must be `sekisho.usage/1`"),
        ('{"schema": "sekisho.usage/1", "users": []}', "is missing"),
        ('{"schema": "sekisho.usage/1", ', "cut off"),
    ],
)
def test_a_usage_file_with_a_fault_is_no_log(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "usage.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaultyInput, match=fault):
        usage_of(path)


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SekishoError, match="does not exist"):
        usage_of(tmp_path / "none")


def test_logs_of_another_account_say_nothing_of_this_one() -> None:
    assert account_with_logs(account(), USAGE) == account()
    assert account_with_logs(account(), None) == account()
    other = replace(USAGE, users=(UserUse("arn:aws:iam::444455556666:user/eve"),))
    with pytest.raises(UsageError, match="444455556666"):
        account_with_logs(account(), other)
