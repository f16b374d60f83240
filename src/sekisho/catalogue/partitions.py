"""The partitions of AWS, as data."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sekisho.messages import Message

DEFAULT_PARTITION = "aws"
"""The partition of every region outside China and GovCloud."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition.

    Attributes:
        id: as it stands in an ARN.
        title: its name for people.
        sign_in: the address where IAM users sign in, with a place for the account.
        regions: some of its regions; the first is where IAM is.
        regions_begin_with: what all of its regions begin with, and no other partition's; "" if
            they have nothing in common.
    """

    id: str
    title: Message
    sign_in: str
    regions: tuple[str, ...]
    regions_begin_with: str


@cache
def partitions() -> tuple[Partition, ...]:
    """Return the partitions, the commonest first."""
    text = (files("sekisho.catalogue") / "data" / "partitions.json").read_text(encoding="utf-8")
    return tuple(
        Partition(
            entry["id"],
            Message.both(entry["en"], entry["ja"]),
            entry["signIn"],
            tuple(entry["regions"]),
            entry["regionsBeginWith"],
        )
        for entry in json.loads(text)["partitions"]
    )


def iam_region(partition: str) -> str | None:
    """Return the Region of a partition's IAM, the `aws:RequestedRegion` of a call to it.

    None if the partition is not known.
    """
    return next((each.regions[0] for each in partitions() if each.id == partition), None)
