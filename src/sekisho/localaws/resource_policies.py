"""Resource-based policies: the authorizer does not ask them yet, so nobody may set one.

A bucket policy that was taken and then ignored would make the local AWS allow what AWS denies. So
a call that would give a resource a policy of its own is refused by name.

Source: IAM User Guide, "AWS services that work with IAM" (column "Resource-based policies").
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.localaws.classify import Call

__all__ = ["refuse_to_set"]

_IDENTITIES = frozenset({"iam", "sts"})
"""Services whose policies the authorizer asks, or whose rules `signin` knows."""

_GRANTS = re.compile(r"(Add|Put)\w*Permission")
"""Operations that write a statement of such a policy from their parameters."""


def refuse_to_set(call: Call) -> None:
    """Refuse a call that would set a resource-based policy, or an organisation's.

    Raises:
        NotImplementedError: if it would; the message names the operation and holds no parameter.
    """
    if call.service in _IDENTITIES:
        return
    if _GRANTS.fullmatch(call.operation) or any(_policies(call.params)):
        raise NotImplementedError(
            f"{call.service}:{call.operation} would set a policy that is not asked here"
        )


def _policies(value: object) -> Iterator[str]:
    """Yield the policy documents among parameters, by their names and their form."""
    if isinstance(value, list):
        for item in value:
            yield from _policies(item)
    if not isinstance(value, Mapping):
        return
    named: Mapping[str, Any] = value
    # SetTopicAttributes gives one attribute's name and value as two parameters
    if named.get("AttributeName") == "Policy":
        named = {**named, "Policy": named.get("AttributeValue")}
    for name, inner in named.items():
        if isinstance(inner, str):
            if _NAMES.search(name) and _is_document(inner):
                yield inner
        else:
            yield from _policies(inner)


_NAMES = re.compile("polic(y|ies)|^content$", re.IGNORECASE)
"""`Policy`, `AccessPolicies`, `policyText`; and what organizations:CreatePolicy calls its text."""


def _is_document(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "Statement" in value
