"""Random people, to be made in the local AWS.

What they hold decides what enforcement does to them.
"""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from administered import EVERYTHING, FULL, enrol, iam_of
from sekisho.localaws import LocalAws

__all__ = ["NAMES", "PEOPLE", "Person", "move_in"]

NAMES = ("yuki", "ken")


@dataclass(frozen=True, slots=True)
class Person:
    """What one of them is given; `must_change` is None for somebody without a password."""

    path: str
    member: bool
    attached: bool
    inline: bool
    must_change: bool | None
    key: bool
    enrolled: bool


PEOPLE = st.fixed_dictionaries(
    {
        name: st.builds(
            Person,
            path=st.sampled_from(["/", "/dev/"]),
            member=st.booleans(),
            attached=st.booleans(),
            inline=st.booleans(),
            must_change=st.none() | st.booleans(),
            key=st.booleans(),
            enrolled=st.booleans(),
        )
        for name in NAMES
    }
)


def move_in(local: LocalAws, name: str, person: Person, password: str) -> None:
    """Create the user with all that they are given."""
    iam = iam_of(local)
    iam.create_user(UserName=name, Path=person.path)
    if person.member:
        iam.add_user_to_group(GroupName="Developers", UserName=name)
    if person.attached:
        iam.attach_user_policy(UserName=name, PolicyArn=FULL)
    if person.inline:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(EVERYTHING))
    if person.must_change is not None:
        iam.create_login_profile(
            UserName=name, Password=password, PasswordResetRequired=person.must_change
        )
    if person.key:
        iam.create_access_key(UserName=name)
    if person.enrolled:
        enrol(local, name, name)
