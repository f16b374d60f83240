"""Session tokens: sealed, and honest about their time.

Reads `localaws.state.sealing` itself, because its tokens are opened only there.
"""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import InternalError
from sekisho.localaws import Clock
from sekisho.localaws.state import sealing
from sekisho.localaws.state.sealing import IssuedCredentials, mint, open_token
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 10**9).map(lambda seconds: EARLIEST + timedelta(seconds=seconds))
NAMES = st.text(st.characters(codec="utf-8"), max_size=64)
HOLDERS = st.builds(
    Holder,
    st.sampled_from(HolderKind),
    st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
    st.just("111122223333"),
    NAMES,
    NAMES,
    NAMES,
)
TEMPORARY = [kind for kind in CredentialKind if kind is not CredentialKind.LONG_TERM_KEY]
CREDENTIALS = st.builds(
    Credential,
    st.sampled_from(TEMPORARY),
    HOLDERS,
    TIMES,
    st.just(datetime(2200, 1, 1, tzinfo=UTC)),
    st.none() | TIMES,
    NAMES,
)


def world() -> World:
    return World("111122223333", "aws", Clock())


def session(lasts: timedelta = timedelta(hours=1)) -> Credential:
    holder = Holder(HolderKind.USER, "aws", "111122223333", "alice", "/", "AIDAALICE")
    now = datetime.now(UTC)
    return Credential(CredentialKind.SESSION_TOKEN, holder, now, now + lasts)


def refused(where: World, issued: IssuedCredentials, token: str, key: str = "") -> str:
    with pytest.raises(Refusal) as caught:
        open_token(where, key or issued.access_key_id, token)
    return caught.value.code


@given(CREDENTIALS, st.lists(st.text(st.characters(codec="utf-8")), max_size=3))
def test_a_token_says_what_was_sealed_into_it(given_: Credential, policies: list[str]) -> None:
    here = world()
    issued = mint(here, given_, tuple(policies))
    opened = open_token(here, issued.access_key_id, issued.session_token)
    assert opened.credential == given_
    assert opened.session_policies == tuple(policies)
    assert opened.secret == issued.secret_access_key
    assert issued.access_key_id.startswith("ASIA")
    assert len(issued.access_key_id) == 20
    assert len(issued.secret_access_key) == 40


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_of_a_token_can_be_changed(place: int, bit: int) -> None:
    here = world()
    issued = mint(here, session())
    sealed = bytearray(base64.b64decode(issued.session_token))
    sealed[place % len(sealed)] ^= 1 << bit
    forged = base64.b64encode(bytes(sealed)).decode()
    assert refused(here, issued, forged) == "InvalidClientTokenId"


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    here = world()
    assert refused(here, mint(here, session()), text) == "InvalidClientTokenId"


def test_a_token_belongs_to_its_key_and_its_world() -> None:
    here = world()
    one, other = mint(here, session()), mint(here, session())
    assert refused(here, one, one.session_token, other.access_key_id) == "InvalidClientTokenId"
    assert refused(world(), one, one.session_token) == "InvalidClientTokenId"


def test_a_token_ends_by_the_worlds_clock() -> None:
    here = world()
    issued = mint(here, session(timedelta(hours=1)))
    here.clock.advance(timedelta(minutes=59))
    open_token(here, issued.access_key_id, issued.session_token)
    here.clock.advance(timedelta(minutes=2))
    assert refused(here, issued, issued.session_token) == "ExpiredToken"


def test_no_secret_shows() -> None:
    here = world()
    issued = mint(here, session())
    opened = open_token(here, issued.access_key_id, issued.session_token)
    for shown in (repr(issued), repr(opened), repr(here)):
        assert issued.secret_access_key not in shown
        assert issued.session_token not in shown


def test_a_long_term_key_has_no_token() -> None:
    holder = Holder(HolderKind.USER, "aws", "111122223333", "alice")
    with pytest.raises(InternalError):
        mint(world(), Credential(CredentialKind.LONG_TERM_KEY, holder))


@given(st.text(min_size=1, max_size=20), st.binary(min_size=16, max_size=16), st.text(max_size=20))
def test_a_loaded_password_is_right_or_wrong_as_any_other(
    password: str, salt: bytes, other: str
) -> None:
    loaded = sealing.hash_loaded(password, salt)
    assert sealing.password_matches(password, loaded)
    assert not sealing.password_matches(password + other[:1] + "\0", loaded)
    assert sealing.password_matches(other, loaded) is (other == password)
    assert password not in loaded.split("$") or password == "loaded"


def test_a_wrong_loaded_password_takes_the_time_of_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[str] = []
    loaded = sealing.hash_loaded("Right-9-right", bytes(16))
    assert derived == []
    monkeypatch.setattr(sealing, "_derive", lambda text, _: derived.append(text) or bytes(32))
    assert sealing.password_matches("Right-9-right", loaded)
    assert not sealing.password_matches("wrong", loaded)
    assert derived == ["Right-9-right", "wrong"]
