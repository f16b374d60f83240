"""Each answer recorded from AWS is asked of the local AWS, by boto3 (without a socket)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import overlay_people as people
from recorded import FILES, Player, expected_differences, recorded_cases
from sekisho.localaws import LocalAws
from socketless import socketless

ROOT = Path(__file__).parents[2]
_EXPECTED = expected_differences()


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with socketless(), LocalAws(people.account()) as aws:
        yield Player(aws, people.ADMIN_KEY)


def _parameters() -> list[Any]:
    numbered = enumerate(case for file in FILES for case in recorded_cases(file))
    return [
        pytest.param(
            case,
            f"case{number:04d}",
            id=case["id"],
            marks=pytest.mark.xfail(reason=_EXPECTED[case["id"]], strict=True)
            if case["id"] in _EXPECTED
            else (),
        )
        for number, case in numbered
    ]


_PARAMETERS = _parameters()


@pytest.mark.parametrize(("case", "unique"), _PARAMETERS)
def test_recorded_answer(player: Player, case: dict[str, Any], unique: str) -> None:
    if case.get("fresh"):
        with LocalAws(people.account()) as aws:
            assert Player(aws, people.ADMIN_KEY).differences(case, unique) == []
        return
    assert player.differences(case, unique) == []


def test_every_expected_difference_is_in_the_documents() -> None:
    documented = (ROOT / "docs" / "localaws-overlay.md").read_text(encoding="utf-8")
    assert [case for case in _EXPECTED if f"`{case}`" not in documented] == []


def test_every_expected_difference_is_a_case() -> None:
    ids = [each.id for each in _PARAMETERS]
    assert len(set(ids)) == len(ids)
    assert set(_EXPECTED) <= set(ids)
