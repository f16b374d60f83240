"""Whose a device may be that nobody has enabled, by its name alone."""

import pytest

from audit.small_accounts import HOME, snapshot_of
from sekisho.audit.findings import guesses

USERS = {"mika": {}, "mika-dev": {}, "ken": {"devices": ["virtual"]}}


@pytest.mark.parametrize(
    ("name", "user", "said"),
    [
        ("mika", "mika", "name matches mika, who has no device and may be setting it up now"),
        ("mika-2", "mika", "name matches mika, who has no device and may be setting it up now"),
        # of several users whose names it begins with, the longest name is meant
        ("mika-dev", "mika-dev", "name matches mika-dev, who has no device"),
        ("mika-dev-2", "mika-dev", "name matches mika-dev, who has no device"),
        ("mika-de", "mika", "name matches mika, who has no device"),
        ("team/mika-2", "mika", "name matches mika, who has no device"),
        ("ken-phone", "ken", "name matches ken, who has another device"),
        # the user's name has to end where a hyphen is
        ("mikado", "", "name matches no user in this account"),
        ("mik", "", "name matches no user in this account"),
        ("attic", "", "name matches no user in this account"),
    ],
)
def test_the_longest_user_name_that_a_device_begins_with(name: str, user: str, said: str) -> None:
    ((device, guess),) = guesses(snapshot_of({"users": USERS, "unassigned": [name]}))
    assert device.serial == f"{HOME}:mfa/{name}"
    assert guess.user == user
    assert guess.text.en.startswith(said)
