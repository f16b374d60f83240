"""The battery: claims about policies, judged by the engine on single requests.

Nothing here is the prover's: the layers are read from the corpus, what AWS guarantees about a
request is written down again, and random requests are drawn from the policies' own texts.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from cases import document
from sekisho.engine import (
    AttachedPolicy,
    Context,
    ContextValue,
    Level,
    Policies,
    Request,
)
from sekisho.policy import Document, OperatorName, from_json

__all__ = [
    "ALICE",
    "CASES",
    "EXEMPT",
    "NOW",
    "Case",
    "attacks",
    "credential",
    "documents_of",
    "is_exempt",
    "policies",
    "principal",
    "request",
]

Case = dict[str, Any]
NOW = datetime(2026, 11, 30, tzinfo=UTC)
ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
_USERS = (ALICE, f"arn:aws:iam::{ACCOUNT}:user/bob", f"arn:aws:iam::{ACCOUNT}:user/dev/alice")
_BATTERY = document("prover/battery")
CASES: list[Case] = _BATTERY["cases"]
EXEMPT: tuple[str, ...] = tuple(_BATTERY["exempt"])
"""What a case exempts that says nothing else."""

_ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


def is_exempt(case: Case, action: str) -> bool:
    """Tell whether the claim says nothing about an action."""
    patterns = case.get("exempt", EXEMPT)
    return any(_glob(each.lower()).fullmatch(action.lower()) for each in patterns)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    places = {"*": ".*", "?": "."}
    return re.compile("".join(places.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def policies(case: Case, layers: str = "policies") -> Policies:
    """Return the policies of a case, or its `old` ones.

    MFA is *enforced* whatever identity-based policies are attached later: with one that allows
    everything, too.
    """
    given = case[layers]
    identity = [*given["identity"]]
    if case["claim"] == "enforced":
        identity.append(_ALLOW_ALL)
    return Policies(
        identity=_attached("identity", identity),
        boundaries=_attached("boundary", given["boundary"]) if "boundary" in given else None,
        session=_attached("session", given["session"]) if "session" in given else None,
        scps=tuple(
            Level(f"level {at}", _attached(f"scp of level {at}", each))
            for at, each in enumerate(given.get("scps", []))
        ),
    )


def _attached(name: str, documents: Sequence[Any]) -> tuple[AttachedPolicy, ...]:
    written = [_document(each) for each in documents]
    return tuple(AttachedPolicy(f"{name} {at}", from_json(each)) for at, each in enumerate(written))


def _document(given: Any) -> Any:
    return {"Version": "2012-10-17", "Statement": given} if isinstance(given, list) else given


def documents_of(*sets: Policies) -> list[Document]:
    """Return every document of some sets of policies."""
    return [
        each.document
        for one in sets
        for each in (
            *one.identity,
            *(one.boundaries or ()),
            *(one.session or ()),
            *(policy for level in one.scps for policy in level.policies),
        )
    ]


def credential(name: str, user: str, at: datetime) -> dict[str, ContextValue]:
    """Return what a user's credential brings: AWS global condition context keys, each key's page.

    `key` is a long-term access key, `session` one without MFA, `mfa` one with MFA; `… via service`
    is a service that acts for it; `keyless` is a session without the keys of MFA, of `aws login` or
    of a role.
    """
    kind, _, via = name.partition(" via ")
    found: dict[str, ContextValue] = {
        "aws:username": user.rpartition("/")[2],
        "aws:userid": "AIDAIOSFODNN7EXAMPLE",
        "aws:PrincipalArn": user,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "true" if via else "false",
        "aws:SecureTransport": "true",
        "aws:UserAgent": "aws-cli/2",
        "aws:RequestedRegion": "us-east-1",
        "aws:CurrentTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(at.timestamp())),
    }
    if _is_role(user):
        del found["aws:username"]
        found |= {"aws:userid": "AROAIOSFODNN7EXAMPLE:s", "aws:PrincipalType": "AssumedRole"}
    if kind != "key":
        found["aws:TokenIssueTime"] = f"{at - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    if kind == "mfa":
        found |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "600"}
    elif kind == "session" or (kind == "key" and via):
        found["aws:MultiFactorAuthPresent"] = "false"
    if via:
        service = "cloudformation.amazonaws.com"
        found |= {"aws:CalledViaFirst": service, "aws:CalledViaLast": service}
        found["aws:CalledVia"] = (service,)
    return found


def _is_role(user: str) -> bool:
    return ":role/" in user


def principal(user: str) -> str:
    """Return who signs: a user, or a session of a role."""
    name = user.rpartition("/")[2]
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s" if _is_role(user) else user


def request(case: Case) -> Request:
    """Return the request that a false case gives; null is a key that the request lacks."""
    given = case["request"]
    user = given.get("user", case.get("user", ALICE))
    values = credential(given["credential"], user, NOW)
    if not any(key.lower().startswith(_THROUGH) for key in given.get("context", {})):
        values["aws:SourceIp"] = "203.0.113.9"
    for key, value in given.get("context", {}).items():
        values = {each: v for each, v in values.items() if each.lower() != key.lower()}
        if value is not None:
            values[key] = tuple(value) if isinstance(value, list) else value
    return Request(principal(user), given["action"], given["resource"], Context(values))


_THROUGH = ("aws:sourcevpc", "aws:vpcsourceip", "aws:vpce")
"""What the keys of a request through a VPC endpoint begin with: it has no public address."""

_ADDRESS = "aws:sourceip"
_ALWAYS = {key.lower(): key for key in ("aws:RequestedRegion", "aws:SecureTransport")}
"""What every request has and no credential settles, in AWS's spelling."""

_OF_CREDENTIAL = {key.lower() for key in credential("mfa via service", ALICE, NOW)} - {*_ALWAYS}
_NEVER = ("aws:federatedprovider", "aws:sourceidentity", "aws:principalservicename")
"""Of role sessions and of services, never of a user."""

_TIED = {"ec2:region": "aws:requestedregion"}
_ACTIONS = ("s3:GetObject", "iam:CreateUser", "ec2:RunInstances", "iam:ListUsers", "newsvc:Do")
_RESOURCES = (
    *("*", "arn:aws:s3:::b/x", f"arn:aws:iam::{ACCOUNT}:user/alice", "arn:aws:ssm:us-east-1::p/x"),
    *(f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1", f"arn:aws:new:eu-west-1:{ACCOUNT}:t/a:b"),
)
_FILLS = ("", "x", "alice", "a/b", "A", "7")
_PLACE = re.compile(r"\$\{([^}]*)\}|\*|\?")


def attacks(case: Case, random_: random.Random) -> Iterator[Request]:
    """Yield requests drawn from a case's own texts, without end."""
    sets = [policies(case), *([policies(case, "old")] if "old" in case else [])]
    texts = _Texts(documents_of(*sets))
    role = _is_role(case.get("user", ""))
    kinds = [
        "session",
        "keyless" if role else "key",
        *(["mfa"] if "old" in case and not role else []),
    ]
    if any(key.startswith(("aws:viaaws", "aws:calledvia")) for key in texts.keys):
        kinds += [f"{kind} via service" for kind in kinds]
    users = [case["user"]] if "user" in case else [*_USERS, *texts.users]
    while True:
        kind = random_.choice(kinds)
        user = random_.choice(users)
        yield texts.request(credential(kind, user, texts.time(random_)), user, random_)


class _Texts:
    """What some documents say: their actions, resources, keys and values."""

    def __init__(self, documents: Sequence[Document]) -> None:
        statements = [each for one in documents for each in one.statements]
        self.actions = [v for each in statements for v in each.action.values]
        self.resources = [v for each in statements if each.resource for v in each.resource.values]
        self.keys: dict[str, tuple[set[str], list[str]]] = {}
        for statement in statements:
            for condition in statement.conditions:
                operators, values = self.keys.setdefault(condition.key.lower(), (set(), []))
                if condition.operator.name is not OperatorName.NULL:
                    operators.add(str(condition.operator))
                    values += condition.values
        for text in [*self.resources, *(v for _, values in self.keys.values() for v in values)]:
            for name in re.findall(r"\$\{([^},]+)", text):
                if ":" in name:
                    self.keys.setdefault(name.strip().lower(), ({"StringEquals"}, []))
        every = [v for _, values in self.keys.values() for v in values]
        self.users = [v for v in every if re.fullmatch(r"arn:aws:iam::\d{12}:user/[\w/-]+", v)]
        self.dates = [moment for moment in map(_moment, every) if moment and moment >= NOW]

    def time(self, random_: random.Random) -> datetime:
        step = timedelta(seconds=random_.choice((-1, 0, 0, 1)))
        return max(NOW, random_.choice([NOW, *self.dates]) + step)

    def request(
        self, values: dict[str, ContextValue], user: str, random_: random.Random
    ) -> Request:
        values = {**values, **self._free(random_)}
        pool = [*self.actions, *_ACTIONS]
        action = _filled(random_.choice(pool), values, random_).replace(" ", "")
        if action.count(":") != 1 or not all(action.split(":")) or not action.isascii():
            action = random_.choice(_ACTIONS)
        resource = _filled(random_.choice([*self.resources, *_RESOURCES]), values, random_)
        if not (resource == "*" or (resource.startswith("arn:") and resource.count(":") >= 5)):
            resource = random_.choice(_RESOURCES)
        return Request(principal(user), action, resource, Context(values))

    def _free(self, random_: random.Random) -> dict[str, ContextValue]:
        """Return values of the keys that the caller or the resource's owner chooses."""
        through = random_.random() < 0.3
        found: dict[str, ContextValue] = {
            key: self._value(key, operators, constants, random_)
            for key, (operators, constants) in self.keys.items()
            if _can_be(key, through=through)
            and (key in _ALWAYS or key == _ADDRESS or random_.random() < 0.7)
        }
        for key in [*found]:
            tag = key.startswith("ec2:resourcetag/")
            other = key.replace("ec2:", "aws:", 1) if tag else _TIED.get(key)
            if other is not None:
                found[other] = found[key]
        if through:
            found.setdefault("aws:sourcevpce", "vpce-1")
        else:
            found.setdefault(_ADDRESS, "203.0.113.9")
        return {_ALWAYS.get(key, key): value for key, value in found.items()}

    def _value(
        self, key: str, operators: set[str], constants: list[str], random_: random.Random
    ) -> ContextValue:
        if key in ("aws:tagkeys", "newsvc:names"):
            count = random_.randint(1, 3)
            return tuple(self._one(key, operators, constants, random_) for _ in range(count))
        return self._one(key, operators, constants, random_)

    def _one(
        self, key: str, operators: set[str], constants: list[str], random_: random.Random
    ) -> str:
        base = random_.choice(constants or ["x"])
        names = " ".join(operators)
        if "Bool" in names:
            return random_.choice(("true", "false"))
        if "Ip" in names:
            return _address(base, random_)
        if "Numeric" in names and re.fullmatch(r"-?[\d.]+", base):
            step = random_.choice((-1, 0, 0, 1))
            return f"{float(base) + step:g}"
        if "Date" in names and (moment := _moment(base)):
            moment += timedelta(seconds=random_.choice((-1, 0, 0, 1)))
            return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        if "Numeric" in names and "aws:" not in key:
            return "7"  # AWS gives the type of its own keys; a tag may be any text
        # values that several keys share, so that two of them are equal often
        text = _filled(random_.choice([base, base, "x", "y"]), {}, random_)
        if random_.random() < 0.05:
            return ""
        return random_.choice((text, text, text, text.upper(), text.lower(), f"{text}x"))


def _can_be(key: str, *, through: bool) -> bool:
    """Tell whether a user chooses a key; with a request through a VPC endpoint, or without one."""
    if key in _OF_CREDENTIAL or key in _NEVER:
        return False
    return not through if key == _ADDRESS else through or not key.startswith(_THROUGH)


def _moment(text: str) -> datetime | None:
    if re.fullmatch(r"\d{9,10}", text):
        return datetime.fromtimestamp(int(text), UTC)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", text):
        return datetime.fromisoformat(text)
    return None


def _address(base: str, random_: random.Random) -> str:
    network = ip_network(base, strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    most = 2**network.max_prefixlen - 1
    number = random_.choice((first, last, max(first - 1, 0), min(last + 1, most)))
    nearby = str(type(network.network_address)(number))
    return random_.choice((nearby, nearby, str(ip_address("203.0.113.9")), "2001:db8::1"))


def _filled(text: str, values: Mapping[str, ContextValue], random_: random.Random) -> str:
    folded = {key.lower(): value for key, value in values.items()}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in ("*", "?", "$"):
            return name
        if name is None:
            return random_.choice(_FILLS) if found[0] == "*" else random_.choice("xA7")
        key, _, default = name.partition(", ")
        value = folded.get(key.lower(), default.strip("'") or "x")
        return value if isinstance(value, str) else random_.choice(value or ("x",))

    return _PLACE.sub(fill, text)
