"""Principals of trust policies: stored by unique id, shown by ARN.

A role trusts the user or role that its policy named when it was saved. Somebody who is made later
under the same name is somebody else, and the policy then shows the former one's id. A session of a
role is stored with the role's id: what AWS does with it is not documented, and a role that is made
anew must not be trusted by its name. Principals of another account are stored as they are written:
nothing can be looked up there.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

import json
import re
from collections.abc import Callable

from sekisho.engine import AttachedPolicy
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import World
from sekisho.policy import PolicyKind
from sekisho.signin import Holder

_UNIQUE_ID = re.compile(r"(?P<id>A(?:IDA|ROA)[A-Z0-9]+)(?P<session>:.+)?")
_ARN = re.compile(
    r"arn:(?P<partition>[^:]+):(?P<service>iam|sts)::(?P<account>[0-9]{12}):(?P<name>.+)"
)
_IN_ARN = {
    "iam": re.compile(r"root|(?P<entity>(?:user|role)/[^*?]*[^*?/])"),
    "sts": re.compile(
        r"assumed-role/(?P<role>[^/*?]+)(?P<session>/[^/*?]+)|federated-user/[^/*?]+"
    ),
}
_ELSEWHERE = {
    "Service": re.compile(
        r"[a-z0-9][a-z0-9.-]*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)"
    ),
    "Federated": re.compile(
        r"arn:[^:]+:iam::[0-9]{12}:(?:saml|oidc)-provider/[^*?]+|[a-z0-9.-]+\.[a-z]+"
    ),
}


def replaced(text: str, replacement: Callable[[str, str], str]) -> str:
    """Return a trust policy with other principals, by type (`AWS`, `Service`) and value."""
    try:
        document, before = json.loads(text), json.loads(text)
        statements = document.get("Statement") or []
        for statement in statements if isinstance(statements, list) else [statements]:
            principal = statement.get("Principal")
            for kind, values in principal.items() if isinstance(principal, dict) else ():
                listed = isinstance(values, list)
                new = [replacement(kind, value) for value in (values if listed else [values])]
                principal[kind] = new if listed else new[0]
    except (ValueError, AttributeError, TypeError, RecursionError):
        # no policy that IAM takes, as an account file can have it: reading it says so
        return text
    return text if document == before else json.dumps(document, separators=(",", ":"))


def stored(world: World, kind: str, value: str) -> str | None:
    """Return a principal as IAM stores it, by type and value; None if there is none."""
    if kind != "AWS":
        form = _ELSEWHERE.get(kind)
        return value if form is None or form.fullmatch(value) else None
    if re.fullmatch(r"\*|[0-9]{12}", value):
        return value
    if by_id := _UNIQUE_ID.fullmatch(value):
        return value if moto_iam.arn_of_id(world, by_id["id"]) else None
    arn = _ARN.fullmatch(value)
    named = _IN_ARN[arn["service"]].fullmatch(arn["name"]) if arn else None
    if arn is None or named is None or arn["partition"] != world.partition:
        return None
    parts = named.groupdict()
    if arn["account"] != world.account:
        return value
    if parts.get("entity"):
        holder = moto_iam.holder_of_arn(world, value)
        return holder.unique_id if holder is not None else None
    if parts.get("role"):
        role = moto_iam.arn_of(world, "role", parts["role"])
        holder = moto_iam.role_of(world, role) if role is not None else None
        return f"{holder.unique_id}{parts['session']}".replace("/", ":") if holder else None
    return value


def shown(world: World, text: str) -> str:
    """Return a stored trust policy with the ARNs of the users and roles that are there."""
    if "AIDA" not in text and "AROA" not in text:
        return text

    def arn(kind: str, value: str) -> str:
        by_id = _UNIQUE_ID.fullmatch(value) if kind == "AWS" else None
        found = moto_iam.arn_of_id(world, by_id["id"]) if by_id else None
        if by_id is None or found is None:
            return value
        if by_id["session"] is None:
            return found
        name, session = found.rpartition("/")[2], by_id["session"][1:]
        return f"arn:{world.partition}:sts::{world.account}:assumed-role/{name}/{session}"

    return replaced(text, arn)


def trust_of(world: World, role: Holder) -> AttachedPolicy | None:
    """Return the role's trust policy as it is shown; None if the role was deleted.

    Raises:
        FaultyPolicy: if it cannot be read.
    """
    found = moto_iam.iam_of(world).roles.get(role.unique_id)
    if found is None:
        return None
    text = shown(world, str(found.assume_role_policy_document))
    return moto_iam.parse_attached((f"trust policy of role {role.name}", text, PolicyKind.TRUST))
