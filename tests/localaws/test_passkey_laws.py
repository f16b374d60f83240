"""Whatever an authenticator answers: it is taken apart without a fault, and a lie is refused.

Reads `localaws.console` itself, because what Hypothesis draws is too much to be sent.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fido2 import cbor
from hypothesis import given
from hypothesis import strategies as st

from authenticator import ORIGIN, Authenticator, Told, decoded, encoded
from sekisho.localaws import Clock
from sekisho.localaws.console.passkeys import (
    PasskeyFault,
    creation_options,
    new_ceremony,
    request_options,
    user_handle,
    verify_assertion,
    verify_registration,
)
from sekisho.localaws.console.tickets import (
    PasskeyTicket,
    SigninTicket,
    redeem_passkey_ticket,
    redeem_ticket,
    seal_passkey_ticket,
    seal_ticket,
)
from sekisho.localaws.state.world import World
from sekisho.signin import NextStep

WORLD = World("111122223333", "aws", Clock())
HANDLE = user_handle(WORLD, "AIDAEXAMPLE")
CEREMONY = new_ceremony(WORLD, ORIGIN)
MADE = Authenticator()
CREATION = creation_options(CEREMONY, "bob", HANDLE, ())
REGISTRATION = MADE.make(CREATION)
KNOWN = {"serial": verify_registration(CEREMONY, REGISTRATION)}
REQUEST = request_options(CEREMONY, KNOWN.values())
ASSERTION = MADE.sign(REQUEST)
PARTS = ("clientDataJSON", "authenticatorData", "signature")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary().map(encoded),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def with_part(answer: dict[str, Any], part: str, value: object) -> dict[str, Any]:
    return {**answer, "response": {**answer["response"], part: value}}


def test_what_is_right_is_taken() -> None:
    assert verify_assertion(CEREMONY, ASSERTION, KNOWN, HANDLE) == ("serial", 2)


@given(st.sampled_from(PARTS), st.data())
def test_no_bit_of_an_assertion_may_differ(part: str, data: st.DataObject) -> None:
    content = bytearray(decoded(ASSERTION["response"][part]))
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    content[place // 8] ^= 1 << place % 8
    with pytest.raises(PasskeyFault):
        verify_assertion(CEREMONY, with_part(ASSERTION, part, encoded(content)), KNOWN, HANDLE)


@given(st.sampled_from([*PARTS, "userHandle", "attestationObject"]), json_values)
def test_what_is_made_up_is_refused_and_no_fault(part: str, value: object) -> None:
    for answer, check in (
        (ASSERTION, lambda given: verify_assertion(CEREMONY, given, KNOWN, HANDLE)),
        (REGISTRATION, lambda given: verify_registration(CEREMONY, given)),
    ):
        if part not in answer["response"] or value == answer["response"][part]:
            continue
        if part == "userHandle" and not value:
            # an authenticator need not tell it
            continue
        if part == "authenticatorData" and answer is REGISTRATION:
            # a copy, of which no use is made
            continue
        with pytest.raises(PasskeyFault):
            check(with_part(answer, part, value))


HUGE = 2**40
"""A length that no machine has."""


@pytest.mark.parametrize("value", [HUGE, [HUGE], {"length": HUGE}, True, -1])
@pytest.mark.parametrize("part", [*PARTS, "userHandle", "attestationObject"])
def test_a_number_is_not_taken_for_so_many_bytes(part: str, value: object) -> None:
    """A client's number once made the local AWS ask for that much memory."""
    if part != "attestationObject":
        with pytest.raises(PasskeyFault):
            verify_assertion(CEREMONY, with_part(ASSERTION, part, value), KNOWN, HANDLE)
    if part in ("clientDataJSON", "attestationObject"):
        with pytest.raises(PasskeyFault):
            verify_registration(CEREMONY, with_part(REGISTRATION, part, value))


def test_nor_is_one_within_what_is_encoded() -> None:
    said = {**json.loads(decoded(ASSERTION["response"]["clientDataJSON"])), "challenge": HUGE}
    lied = with_part(ASSERTION, "clientDataJSON", encoded(json.dumps(said).encode()))
    with pytest.raises(PasskeyFault):
        verify_assertion(CEREMONY, lied, KNOWN, HANDLE)
    made = cbor.encode({"fmt": "none", "attStmt": {}, "authData": HUGE})
    with pytest.raises(PasskeyFault):
        verify_registration(CEREMONY, with_part(REGISTRATION, "attestationObject", encoded(made)))


@given(st.dictionaries(st.sampled_from(["id", "rawId", "type", "response"]), json_values))
def test_an_answer_of_any_form_is_no_fault(answer: dict[str, Any]) -> None:
    with pytest.raises(PasskeyFault):
        verify_registration(CEREMONY, answer)
    with pytest.raises(PasskeyFault):
        verify_assertion(CEREMONY, answer, KNOWN, HANDLE)


@given(st.binary(max_size=300))
def test_an_attestation_of_any_bytes_is_no_fault(content: bytes) -> None:
    with pytest.raises(PasskeyFault):
        verify_registration(
            CEREMONY, with_part(REGISTRATION, "attestationObject", encoded(content))
        )


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_count_grows_or_there_is_none(last: int, count: int) -> None:
    known = {"serial": replace(KNOWN["serial"], sign_count=last)}
    answer = replace(MADE).sign(REQUEST, Told(count=count))
    if count > last or count == last == 0:
        assert verify_assertion(CEREMONY, answer, known, HANDLE) == ("serial", count)
    else:
        with pytest.raises(PasskeyFault):
            verify_assertion(CEREMONY, answer, known, HANDLE)


def test_the_two_kinds_of_ticket_are_no_substitutes() -> None:
    late = datetime(2100, 1, 1, tzinfo=UTC)
    signin = SigninTicket("AIDAEXAMPLE", NextStep.NEEDS_MFA, late, ceremony=CEREMONY)
    passkey = PasskeyTicket("ASIAEXAMPLE", "AIDAEXAMPLE", "serial", CEREMONY, late)
    sealed = seal_ticket(WORLD, signin), seal_passkey_ticket(WORLD, passkey)
    assert redeem_ticket(WORLD, sealed[1], NextStep.NEEDS_MFA) is None
    assert redeem_passkey_ticket(WORLD, sealed[0], "ASIAEXAMPLE") is None
    assert redeem_passkey_ticket(WORLD, sealed[1], "ASIAOTHER") is None
    for _ in range(2):
        found = (
            redeem_ticket(WORLD, sealed[0], NextStep.NEEDS_MFA),
            redeem_passkey_ticket(WORLD, sealed[1], "ASIAEXAMPLE"),
        )
        assert found == (signin, passkey)
        signin = passkey = None  # each is good once
