"""Every request is answered, or refused in one sentence: each action on each form of resource.

The forms are `*`, an ARN of each kind of resource, patterns, and what people write by mistake; the
policies allow all, deny all, or enforce MFA. The quick profile takes a sample, another one each
day; `SEKISHO_ROTATION=N` takes the sample that a failure names. The deep profile takes all.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import cast

import pytest

import sekisho
from profiles import DEEP
from sekisho.answer import answer_to_json
from sekisho.catalogue import Action, load
from sekisho.engine import AttachedPolicy, Policies, Request, explain
from sekisho.engine.exchange import reasons
from sekisho.errors import SekishoError
from sekisho.messages import Language
from sekisho.policy import PolicyKind, from_json, summarise

NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)
ROTATION = int(os.environ.get("SEKISHO_ROTATION", datetime.now(UTC).date().toordinal()))
SAMPLE = 700
PROVED = 12
"""How many requests of the quick profile are decided, and how many are asked of `prove`."""

ALICE = "arn:aws:iam::111122223333:user/alice"
_PLACE = re.compile(r"\$\{[^}]*\}")
_VALUES = {"${Partition}": "aws", "${Region}": "eu-west-1", "${Account}": "111122223333"}
MALFORMED = (
    "",
    "x",
    "photos",
    "arn",
    "arn:",
    "arn:aws:s3",
    "arn:aws:s3:::",
    "arn:aws:s3:::*",
    "arn:aws:iam::111122223333",
    "arn:aws:iam::111122223333:",
    "arn:::::",
    "arn:aws:kms:::key/",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:sts::111122223333:assumed-role/x",
    "arn:*:*:*:*:*",
    "arn:aws:*",
    "?",
    "**",
    "arn:aws:lambda:eu-west-1:111122223333:function:f:${x}",
    "arn:aws:ec2:eu-west-1:12:instance/i-1",
    "\u685c",
    "arn:aws:s3:::\u685c/\n",
)
"""Forms that a user can give and that no template has."""

_ALL = {"Action": "*", "Resource": "*"}
ATTACHED = {
    "allow": sekisho.policies(from_json({"Statement": {"Effect": "Allow", **_ALL}})),
    "deny": sekisho.policies(from_json({"Statement": {"Effect": "Deny", **_ALL}})),
    "force-mfa": sekisho.policies(
        from_json({"Statement": {"Effect": "Allow", **_ALL}}), sekisho.force_mfa()
    ),
}


def _arn(template: str, other: str) -> str:
    return _PLACE.sub(lambda place: _VALUES.get(place[0], other), template)


def requests() -> Iterator[tuple[str, str]]:
    """Yield each action with each form of resource; those of mistakes in turn."""
    number = 0
    for service in load().services():
        for action in load().actions(service):
            yield str(action), "*"
            for template in dict.fromkeys(one.arn for one in action.resource_types):
                yield str(action), _arn(template, "x")
                yield str(action), _arn(template, "*")
                yield str(action), template
            # each action with some of them, each of them with a thousand actions
            for _ in range(2):
                yield str(action), MALFORMED[number % len(MALFORMED)]
                number += 1


def _faults(ask: Callable[[], object]) -> list[str]:
    """Return the fault of a question that is neither answered nor refused in one sentence."""
    try:
        ask()
    except SekishoError as error:
        return [] if str(error).strip() else ["refused without a sentence"]
    except Exception as error:  # noqa: BLE001 - any other end is what is looked for
        return [f"{type(error).__name__}: {error}"]
    return []
