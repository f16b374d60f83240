"""Keys that depend on each other, against every request of a small world."""

import ipaddress
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.questions import ALICE, NOW, context_of, identity
from sekisho.engine import Context, ContextValue, DecisionEffect, Policies, Request, decide
from sekisho.prover import CallerCredential, Proved, Question, Refuted, Unknown, prove_none

A, B = "athena.amazonaws.com", "cloudformation.amazonaws.com"
NAMES = (A, B, "dynamodb.amazonaws.com")
CHAINS = [(), *(chain for length in (1, 2, 3) for chain in product(NAMES, repeat=length))]
WANTED = [[A], [B], [A, B]]
ENDS = st.tuples(
    st.sampled_from(["StringEquals", "StringNotEquals", "StringLikeIfExists"]),
    st.sampled_from(["aws:CalledViaFirst", "aws:CalledViaLast"]),
    st.sampled_from(WANTED),
)
LISTS = st.tuples(
    st.sampled_from(
        ["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAnyValue:StringNotLike"]
    ),
    st.just("aws:CalledVia"),
    st.sampled_from([*WANTED, ["*"]]),
)
ABSENT = st.tuples(
    st.just("Null"),
    st.sampled_from(["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"]),
    st.sampled_from([["true"], ["false"]]),
)
FROM = st.one_of(
    st.tuples(
        st.sampled_from(["IpAddress", "NotIpAddress", "IpAddressIfExists"]),
        st.just("aws:SourceIp"),
        st.just(["10.0.0.0/8"]),
    ),
    st.tuples(
        st.sampled_from(["StringEquals", "StringNotEquals", "StringEqualsIfExists"]),
        st.sampled_from(["aws:SourceVpce", "aws:SourceVpc"]),
        st.sampled_from([["vpce-a", "vpc-a"], ["vpce-a", "vpc-a", "x"]]),
    ),
    st.tuples(
        st.just("Null"),
        st.sampled_from(["aws:SourceIp", "aws:SourceVpce", "aws:SourceVpc"]),
        st.sampled_from([["true"], ["false"]]),
    ),
)


def policies(allow: list[Any], deny: list[Any]) -> Policies:
    """Return one Allow, and one Deny if it has a condition."""
    found = [statement("Allow", allow), *([statement("Deny", deny)] if deny else [])]
    return identity(*found)


def statement(effect: str, conditions: list[Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"Effect": effect, "Action": "s3:*", "Resource": "*"}
    for operator, key, values in conditions:
        written.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return written


def agree(
    asked: Policies, credential: CallerCredential, world: Iterator[dict[str, ContextValue]]
) -> Refuted | None:
    """Check that the prover says what the world does; return what it has found."""
    own = context_of(credential)
    passes = any(
        decide(Request(ALICE.arn, "s3:ListAllMyBuckets", "*", own.with_(each)), asked).effect
        is DecisionEffect.ALLOWED
        for each in world
    )
    verdict = prove_none(Question(ALICE, NOW, (credential,), allowed=asked))
    assert isinstance(verdict, Refuted if passes else Proved)
    return verdict if isinstance(verdict, Refuted) else None


def chains() -> Iterator[dict[str, ContextValue]]:
    for chain in CHAINS:
        ends = {"aws:CalledViaFirst": chain[0], "aws:CalledViaLast": chain[-1]} if chain else {}
        yield {"aws:CalledVia": chain, **ends} if chain else {}


def origins() -> Iterator[dict[str, ContextValue]]:
    """Yield an address, or an endpoint: what is from neither, or from both, is no request."""
    yield from ({"aws:SourceIp": address} for address in ("10.1.2.3", "203.0.113.9"))
    for endpoint, vpc in product(("vpce-a", "vpce-b"), ("vpc-a", "vpc-b")):
        yield {"aws:SourceVpce": endpoint, "aws:SourceVpc": vpc, "aws:VpcSourceIp": "10.0.0.9"}


CALLS = st.lists(st.one_of(ENDS, LISTS, ABSENT), max_size=3)
ORIGINS = st.lists(FROM, max_size=3)


@given(CALLS, CALLS)
def test_the_services_in_between_are_one_chain(allow: list[Any], deny: list[Any]) -> None:
    found = agree(policies(allow, deny), CallerCredential.KEY_VIA_SERVICE, chains())
    if found is not None:
        chain = found.counterexample.request.context.get("aws:CalledVia", ())
        ends = (
            found.counterexample.request.context.get("aws:CalledViaFirst"),
            found.counterexample.request.context.get("aws:CalledViaLast"),
        )
        assert ends == ((chain[0], chain[-1]) if chain else (None, None))


@given(ORIGINS, ORIGINS)
def test_who_comes_through_an_endpoint_has_no_address(allow: list[Any], deny: list[Any]) -> None:
    found = agree(policies(allow, deny), CallerCredential.KEY, origins())
    if found is not None:
        context: Context = found.counterexample.request.context
        assert "aws:sourceip" not in context.folded or not through_an_endpoint(context)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("aws:SourceIp",), Refuted),
        (("aws:VpcSourceIp",), Refuted),
        (("aws:VpcSourceIp", "aws:SourceVpce"), Refuted),
        (("aws:SourceIp", "aws:SourceVpce"), Unknown),
        (("aws:VpcSourceIp", "aws:SourceIp"), Unknown),
    ],
)
def test_variables_have_values_that_a_request_can_have(
    names: tuple[str, ...], found: type[Any]
) -> None:
    tail = "/".join(f"${{{name}}}" for name in names)
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::b/{tail}"}
    verdict = prove_none(Question(ALICE, NOW, (CallerCredential.KEY,), allowed=identity(allow)))
    assert isinstance(verdict, found)
    if isinstance(verdict, Refuted):
        realistic(verdict.counterexample.request.context)


def test_an_address_that_is_only_there_is_an_address() -> None:
    allow = statement("Allow", [("Null", "aws:VpcSourceIp", "false")])
    verdict = prove_none(Question(ALICE, NOW, (CallerCredential.KEY,), allowed=identity(allow)))
    assert isinstance(verdict, Refuted)
    realistic(verdict.counterexample.request.context)


def through_an_endpoint(context: Context) -> bool:
    """Tell whether a request has any key of those through a VPC endpoint."""
    return any(key.startswith(("aws:sourcevpc", "aws:vpc")) for key in context.folded)


def realistic(context: Context) -> None:
    for key in ("aws:sourceip", "aws:vpcsourceip"):
        if key in context.folded:
            value = context.folded[key]
            assert isinstance(value, str)
            ipaddress.ip_address(value)
    assert "aws:sourceip" not in context.folded or not through_an_endpoint(context)
