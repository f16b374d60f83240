"""Requests near to what some policies say: their actions, their resources, their values.

A resource is of a type that the action is checked against: anything else is no request.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

from prover.questions import ACCOUNT, ALICE, contexts
from prover.second_texts import fits, template
from sekisho.catalogue import Action, load
from sekisho.engine import Context, Policies, Request
from sekisho.engine.matching.arns import account_of
from sekisho.policy import Document, Element
from sekisho.prover import CallerCredential

__all__ = ["REGION", "documents_of", "samples"]

_FILLS = ("x", "alice", "bob", "", "a/b", "111122223333")
_MOST_OF_ONE_ENTRY = 40
REGION = re.compile(r"(?!cn-|us-gov-)[a-z]{2}-[a-z]+-\d")
"""The regions of the partition `aws`."""
_REGIONS = ("us-east-1", "eu-west-1")
_ACCOUNTS = (ACCOUNT, ACCOUNT, "444455556666")


def documents_of(*sets: Policies) -> list[Document]:
    """Return all documents of some sets of identity-based policies, boundaries and the like."""
    return [
        policy.document
        for one in sets
        for policy in chain(
            one.identity,
            one.boundaries or (),
            one.session or (),
            *(level.policies for level in one.scps),
        )
    ]


def samples(
    sets: Sequence[Policies], credential: CallerCredential, random_: random.Random
) -> Iterator[Request]:
    """Yield requests of real actions without end."""
    documents = documents_of(*sets)
    entries = [e for d in documents for s in d.statements if s.resource for e in s.resource.values]
    elements = [s.action for d in documents for s in d.statements]
    pairs = list(_pairs(_some_actions(elements, random_), set(entries) - {"*"}, random_))
    for context in contexts(documents, credential, random_):
        action, resource = random_.choice(pairs)
        request = Request(ALICE.arn, action, resource, _placed(context, random_))
        yield _owned(request, random_)


def _placed(context: Context, random_: random.Random) -> Context:
    """Return a context whose region is one; a policy may name it by a variable."""
    asked = {
        key: random_.choice(_REGIONS)
        for key, value in context.items()
        if key.lower() == "aws:requestedregion" and not REGION.fullmatch(str(value))
    }
    return context.with_(asked)


def _owned(request: Request, random_: random.Random) -> Request:
    """Return a request about a resource of somebody's, whose account its key then has."""
    owner = account_of(request.resource) or ACCOUNT
    if owner == ACCOUNT and ":::" in request.resource:
        owner = random_.choice(_ACCOUNTS)
    told = account_of(request.resource) is not None or owner == ACCOUNT
    keys = {key: owner for key in request.context if key.lower().endswith(":resourceaccount")}
    context = request.context.with_(keys)
    return replace(request, context=context, resource_account=None if told else owner)


def _some_actions(elements: Iterable[Element], random_: random.Random) -> list[Action]:
    found: dict[str, Action] = {}
    for entry in sorted({entry for element in elements for entry in element.values}):
        taken = list(_expanded(entry))
        for action in random_.sample(taken, min(len(taken), _MOST_OF_ONE_ENTRY)):
            found[str(action)] = action
    for action in random_.sample(_expanded("*"), _MOST_OF_ONE_ENTRY):
        found[str(action)] = action
    return list(found.values())


@cache
def _expanded(entry: str) -> Sequence[Action]:
    return load().expand(entry)


def _pairs(
    actions: Iterable[Action], entries: set[str], random_: random.Random
) -> Iterator[tuple[str, str]]:
    for action in actions:
        if not any(kind.required for kind in action.resource_types):
            yield str(action), "*"
        for arn in (kind.arn for kind in action.resource_types if kind.arn.count(":") >= 5):
            account = ACCOUNT if action.service == "iam" else random_.choice(_ACCOUNTS)
            of_type = template(arn, "aws", account)
            yield str(action), _filled(arn, random_, account)
            near = sorted(e for e in entries if e.split(":")[2:3] in ([arn.split(":")[2]], ["*"]))
            for entry in random_.sample(near, min(len(near), _MOST_OF_ONE_ENTRY)):
                resource = _filled(entry, random_, account)
                if fits(of_type, resource):
                    yield str(action), resource


_PLACE = re.compile(r"\$\{([^}]*)\}|\*|\?")


def _filled(text: str, random_: random.Random, account: str) -> str:
    """Return a type's ARN, or a policy's, with something in its open places."""

    def fill(found: re.Match[str]) -> str:
        name = found[1] or ""
        if name == "Partition":
            return "aws"
        if "Account" in name:
            return account
        return random_.choice(_FILLS if found[0] == "*" else _FILLS[:3])

    parts = _PLACE.sub(fill, text).split(":", 5)
    if len(parts) > 4 and text.split(":")[4] in ("*", ""):
        parts[4] = random_.choice([account, ""])
    return ":".join(parts)
