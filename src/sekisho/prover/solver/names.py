"""The forms of AWS's names, as patterns: the possible names of resources.

Least lengths are ignored: policies in examples have shorter names than real ones.
Greatest lengths make patterns large, and are applied only after a longer name was found.
"""

import re
import string
from collections.abc import Iterable, Iterator
from functools import cache

from sekisho.catalogue import Catalogue, organisation_keys
from sekisho.engine.matching import Wild
from sekisho.policy import Element
from sekisho.prover.solver.texts import MARK, Kind, Patterns, Segment, Token, Words

_LOWER = frozenset(string.ascii_lowercase)
_DIGITS = frozenset(string.digits)


def _some(characters: frozenset[str]) -> tuple[Token, ...]:
    """Return the pattern of one or more characters of a kind."""
    return Kind(characters), Kind(characters, many=True)


_IN_ACTION = _LOWER | _DIGITS | {"-", MARK}
ANY_NAME = Patterns([(*_some(_IN_ACTION), ":", *_some(_IN_ACTION))])
"""The form of an action's name, in lower case."""


@cache
def known_names(catalogue: Catalogue) -> Words:
    """Return the names of all real actions, in lower case."""
    return Words(str(action).lower() for action in catalogue.expand("*"))


def unknown_names(catalogue: Catalogue, elements: Iterable[Element]) -> list[str]:
    """Return the names that elements spell out and the catalogue does not know."""
    entries = dict.fromkeys(entry for one in elements for entry in one.values)
    return [entry for entry in entries if _is_name(entry) and catalogue.action(entry) is None]


_SPELLED = re.compile(r"[a-z0-9-]+:[a-z0-9-]+", re.ASCII | re.IGNORECASE)


def _is_name(entry: str) -> bool:
    return _SPELLED.fullmatch(entry) is not None


_IAM = frozenset(f"{string.ascii_letters}{string.digits}_+=,.@-")
_IN_PATH = frozenset(map(chr, range(0x21, 0x7F)))
IAM_NAME = _some(_IAM)
"""The name of a user, a group, a role, a policy and the like.

Source: IAM User Guide, "IAM and AWS STS quotas", "Name requirements"; API Reference, `CreateUser`:
a path is any printable ASCII between two slashes.
"""
IAM_NAMES_WITH_PATH: tuple[tuple[Token, ...], ...] = (
    IAM_NAME,
    (*_some(_IN_PATH), "/", *IAM_NAME),
)

BUCKET = _some(frozenset(f"{string.ascii_letters}{string.digits}._-"))
"""The name of a bucket; those of older ones have capitals and underscores.

Source: Amazon S3 User Guide, "General purpose bucket naming rules".
"""

SOME: tuple[Token, ...] = (Wild.ANY, Wild.STAR)
"""One character or more."""

SEGMENT: tuple[Token, ...] = (Segment.ANY, Segment.STAR)
"""The same without a colon."""

SERVICE = _some(_LOWER | _DIGITS | {"-"})
"""The service of an ARN."""

_WORD: tuple[Token, ...] = (Kind(_LOWER, many=True), Kind(_LOWER - set("befov")))
"""A word like `east`, but not `gov`, `iso`, `isob`, `isoe`, `isof`, of other partitions."""
_REST: tuple[Token, ...] = (*_WORD, "-", *_some(_DIGITS))
_NOT_CHINA: tuple[Token, ...] = (Kind(_LOWER), Kind(_LOWER - {"n"}))
_REGIONS: dict[str, tuple[tuple[Token, ...], ...]] = {
    "aws": ((*_NOT_CHINA, "-", *_REST),),
    "aws-cn": (("cn-", *_REST),),
    "aws-us-gov": (("us-gov-", *_REST),),
}
_ELSEWHERE = ((*_NOT_CHINA, Kind(_LOWER, many=True), "-", *_some(_LOWER | _DIGITS | {"-"})),)
"""The regions of a partition that the catalogue does not know."""


def regions(partition: str) -> tuple[tuple[Token, ...], ...]:
    """Return the patterns of a partition's regions, including future ones.

    Source: botocore's `partitions.json`, `regionRegex`.
    """
    return _REGIONS.get(partition, _ELSEWHERE)


_IN_ID = _LOWER | _DIGITS
IN_PART = _IN_ID | {"-"}
"""The characters of an organisation's id, and of a VPC's."""

_SERVICE_NAME: tuple[Token, ...] = _some(_IN_ID | {"-", "."})
_PRINCIPALS = tuple((*_SERVICE_NAME, f".amazonaws.com{end}") for end in ("", ".cn"))
_ORGANISATION: tuple[Token, ...] = ("o-", *_some(_IN_ID))
OF_KEYS: dict[str, tuple[tuple[Token, ...], ...]] = {
    "aws:sourcevpc": (("vpc-", *_some(_IN_ID)),),
    "aws:sourcevpce": (("vpce-", *_some(_IN_ID)),),
    "aws:vpceaccount": ((Kind(_DIGITS),) * 12,),
    **dict.fromkeys(("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"), _PRINCIPALS),
    "kms:viaservice": _PRINCIPALS,
    **dict.fromkeys(map(str.lower, organisation_keys().values()), (_ORGANISATION,)),
}
"""The forms of the values of condition keys, by key in lower case.

Source: IAM User Guide, "AWS global condition context keys": `aws:CalledVia` has the DNS names of
services; Organizations API Reference, "Organization"; KMS Developer Guide, "kms:ViaService".
"""


_DEEPEST = 5
"""The depth of nested organizational units: Organizations User Guide, "Quotas"."""


def forms_of(key: str, partition: str, part: str = "") -> tuple[tuple[Token, ...], ...]:
    """Return the forms of a key's values (key in lower case) that contain another key's value.

    Args:
        key: a key of paths of organisations, or of a VPC's ARN.
        partition: the caller's.
        part: the organisation's or the VPC's id; "": any.
    """
    if key in organisation_keys():
        start: tuple[Token, ...] = (part,) if part else _ORGANISATION
        root = (*start, "/r-", *_some(_IN_ID), "/")
        unit: tuple[Token, ...] = ("ou-", *_some(IN_PART), "/")
        return tuple((*root, *unit * depth) for depth in range(_DEEPEST + 1))
    end: tuple[Token, ...] = (part,) if part else ("vpc-", *_some(_IN_ID))
    account = (Kind(_DIGITS),) * 12
    return tuple(
        (f"arn:{partition}:ec2:", *region, ":", *account, ":vpc/", *end)
        for region in regions(partition)
    )


_OF_IAM = "WithPath}"


_LONGEST = {
    "user": 64,
    "role": 64,
    "group": 128,
    "instance-profile": 128,
    "policy": 128,
    "server-certificate": 128,
    "mfa": 226,
    "u2f": 226,
}
"""The characters of names, by the prefix of the last part of IAM's ARNs.

Source: IAM User Guide, "IAM and AWS STS quotas", "IAM and STS character limits".
"""
_LONGEST_BUCKET = 255
"""Source: S3 User Guide, "General purpose bucket naming rules": 63, and 255 before March 2018."""
_ARN_PARTS = 6


def is_too_long(resource: str) -> bool:
    """Return whether an ARN has a longer name than AWS accepts."""
    parts = resource.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return False
    kind, _, name = parts[-1].partition("/")
    if parts[2] == "s3" and not parts[4]:
        return len(kind) > _LONGEST_BUCKET
    longest = _LONGEST.get(kind) if parts[2] == "iam" else None
    return longest is not None and len(name.rpartition("/")[2]) > longest


def bounded(service: str, template: str, place: str) -> tuple[tuple[Token, ...], ...]:
    """Return the patterns of `names_for` up to AWS's length: one for each length.

    Args:
        service: of the ARN.
        template: the last part of the ARN of the type.
        place: like `${BucketName}`.
    """
    longest = _LONGEST.get(template.partition("/")[0]) if service == "iam" else None
    if (service, place) == ("s3", "${BucketName}"):
        longest = _LONGEST_BUCKET
    if longest is None:
        return names_for(service, place)
    return tuple(
        (*form[:-1], *(form[-2],) * more)
        for form in names_for(service, place)
        for more in range(longest)
    )


def names_for(service: str, place: str) -> tuple[tuple[Token, ...], ...]:
    """Return the patterns of the texts for a place in an ARN's last part.

    Args:
        service: of the ARN.
        place: like `${BucketName}`.
    """
    match service, place:
        case "iam", _ if place.endswith(_OF_IAM):
            return IAM_NAMES_WITH_PATH
        case "iam", "${RoleName}":
            return (IAM_NAME,)
        case "s3", "${BucketName}":
            return (BUCKET,)
        case _:
            return (SOME,)


def expanded(parts: list[tuple[tuple[Token, ...], ...]]) -> Iterator[tuple[Token, ...]]:
    """Yield the patterns of a text of several parts, each with one of its patterns."""
    if not parts:
        yield ()
        return
    first, *rest = parts
    for tail in expanded(rest):
        yield from ((*each, *tail) for each in first)
