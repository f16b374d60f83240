"""The command itself, run for weeks at the local AWS, where people are real clients.

Some of those who are told or enforced on a day try what they can do then, and all is put back. All
that the campaign did is taken back in the end.
"""

from pathlib import Path

import pytest

from administered import administered
from campaign.commanding import Commanded
from profiles import DEEP


@pytest.mark.parametrize(
    ("seed", "size", "every", "days", "calm"),
    [
        pytest.param(1, 5, 7, 22, True, id="quick"),
        pytest.param(
            0, 50, 1, 30, False, id="deep", marks=pytest.mark.skipif(not DEEP, reason="deep")
        ),
    ],
)
def test_the_command_keeps_its_promises(
    tmp_path: Path, *, seed: int, size: int, every: int, days: int, calm: bool
) -> None:
    with administered() as local:
        commanded = Commanded(local, tmp_path, seed=seed, size=size, calm=calm)
        outcomes = [*commanded.days(every=every, days=days)]
        assert any(each.delivered for each in outcomes)
        assert outcomes[-1].campaign.enforced
        if calm:
            commanded.take_back()
        assert not {
            promise.value: found for promise, found in commanded.breaches.found.items() if found
        }
