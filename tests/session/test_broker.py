"""A session is handed out that lasts, and no code is spent twice."""

import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from administered import ACCOUNT
from sekisho.errors import AwsRefused, Code, SessionRefused
from sekisho.localaws import LocalAws
from sekisho.messages import Message
from sekisho.session import FileStore, HandedOut, Nowhere, SessionRequest, Source, source_of
from sekisho.session.broker import chosen_device
from session.people import (
    KEY,
    OTHER_KEYS,
    PHONE,
    REGION,
    SECOND_KEY,
    Desk,
    Phone,
    code_of,
    role_arn,
    running,
    write_profiles,
)

_FULL = Message("the disk is full")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    yield from running()


@pytest.fixture
def desk(local: LocalAws, tmp_path: Path) -> Desk:
    # the code of now may have been spent by another test
    local.clock.advance(timedelta(seconds=30))
    return Desk(local, tmp_path / "notes", FileStore(tmp_path / "kept.json"), Phone(local))


@pytest.fixture
def asks(local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Source]:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(write_profiles(tmp_path, local)))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return lambda **asked: source_of(SessionRequest("people", **asked))


def arn_of(handed: HandedOut, local: LocalAws) -> str:
    session = handed.session
    arn: str = boto3.client(
        "sts",
        endpoint_url=local.url,
        region_name=REGION,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.session_token,
    ).get_caller_identity()["Arn"]
    return arn


def test_one_code_serves_until_the_session_is_nearly_over(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    source = asks()
    first = desk.broker(source).hand_out()
    assert (first.new, first.id.serial) == (True, PHONE)
    assert arn_of(first, desk.local).endswith(":user/aoi")
    again = desk.broker(source).hand_out()
    assert (again.new, again.session) == (False, first.session)
    assert len(desk.phone.asked) == 1
    # what is kept is handed out without any call: whose key it is, the notes tell
    assert desk.calls == ["GetCallerIdentity", "ListMFADevices", "GetSessionToken"]
    desk.local.clock.advance(timedelta(hours=11, minutes=44))
    assert not desk.broker(source).hand_out().new
    desk.local.clock.advance(timedelta(minutes=2))
    later = desk.broker(source).hand_out()
    assert later.new
    assert later.session.expires > first.session.expires
    assert len(desk.phone.asked) == 2


def test_a_role_is_assumed_with_the_session_that_is_there(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.broker(asks()).hand_out()
    handed = desk.broker(asks(role_arn=role_arn("Ops"))).hand_out()
    assert arn_of(handed, desk.local).endswith(":assumed-role/Ops/aoi")
    assert len(desk.phone.asked) == 1
    assert not desk.broker(asks(role_arn=role_arn("Ops"))).hand_out().new
    # its session ends first, and is made anew without a code
    desk.local.clock.advance(timedelta(minutes=50))
    assert desk.broker(asks(role_arn=role_arn("Ops"))).hand_out().new
    assert (len(desk.phone.asked), desk.slept) == (1, [])


def test_a_role_alone_leaves_a_session_for_the_others(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.broker(asks(role_arn=role_arn("Ops"))).hand_out()
    assert not desk.broker(asks()).hand_out().new
    assert len(desk.phone.asked) == 1


def test_a_role_that_wants_a_newer_sign_in_is_given_a_code_of_its_own(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.broker(asks()).hand_out()
    desk.local.clock.advance(timedelta(hours=1))
    handed = desk.broker(asks(role_arn=role_arn("Fresh"))).hand_out()
    assert arn_of(handed, desk.local).endswith(":assumed-role/Fresh/aoi")
    assert len(desk.phone.asked) == 2
    assert "newer" in desk.told[0]
    assert desk.told == desk.phone.said
    assert not desk.broker(asks(role_arn=role_arn("Fresh"))).hand_out().new


def test_a_role_is_refused_in_awss_words_where_nobody_can_be_asked(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.broker(asks()).hand_out()
    desk.phone.there = False
    with pytest.raises(AwsRefused, match="AssumeRole: AccessDenied"):
        desk.broker(asks(role_arn=role_arn("Closed"))).hand_out()
    assert len(desk.phone.asked) == 1


def test_no_code_is_spent_on_a_role_where_the_sign_in_is_new(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    for _ in range(2):
        with pytest.raises(AwsRefused, match="AssumeRole: AccessDenied"):
            desk.broker(asks(role_arn=role_arn("Closed"))).hand_out()
    assert len(desk.phone.asked) == 1
    desk.local.clock.advance(timedelta(minutes=2))
    with pytest.raises(AwsRefused, match="AssumeRole: AccessDenied"):
        desk.broker(asks(role_arn=role_arn("Closed"))).hand_out()
    assert len(desk.phone.asked) == 2


def test_another_key_waits_for_the_next_code_and_says_why(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.broker(asks()).hand_out()
    other = replace(asks(), keys=SECOND_KEY)
    assert desk.broker(other).hand_out().new
    assert len(desk.slept) == 1
    assert 0 < desk.slept[0] <= 30
    assert "already used" in desk.told[0]


def test_where_nothing_is_kept_a_code_is_not_spent_twice_either(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.store = Nowhere()
    first = desk.broker(asks()).hand_out()
    second = desk.broker(asks()).hand_out()
    assert first.kept_in == second.kept_in == ""
    assert first.session != second.session
    assert len(desk.slept) == 1


def test_a_wrong_code_is_asked_for_again_without_a_wait(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    right = code_of(desk.local)
    desk.phone.typed = [
        "12345",
        "abcdef",
        f"{(int(right) + 1) % 10**6:06d}",
        f" {right[:3]} {right[3:]} ",
    ]
    assert desk.broker(asks()).hand_out().new
    assert [*desk.told] == [
        "a code has six digits",
        "a code has six digits",
        "AWS refused the code: it is wrong, was used before, or the device's clock is wrong; "
        "wait for the next one",
    ]
    assert desk.slept == []
    assert desk.calls.count("GetSessionToken") == 2


def test_three_wrong_codes_end_it(desk: Desk, asks: Callable[..., Source]) -> None:
    wrong = f"{(int(code_of(desk.local)) + 1) % 10**6:06d}"
    desk.phone.typed = [wrong] * 3
    with pytest.raises(SessionRefused, match="3 codes") as caught:
        desk.broker(asks()).hand_out()
    assert caught.value.code is Code.SESSION_CODE_REFUSED
    # no code was spent: the next one need not be waited for
    assert desk.broker(asks()).hand_out().new
    assert desk.slept == []
    said = "".join(traceback.format_exception(caught.value))
    for secret in (wrong, KEY.secret_access_key):
        assert secret not in said


def test_a_code_that_was_used_elsewhere_is_refused_in_plain_words(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.store = Nowhere()
    used = code_of(desk.local)
    elsewhere = desk.at().connect(KEY, asks())
    elsewhere.call("sts", "GetSessionToken", SerialNumber=PHONE, TokenCode=used)
    desk.phone.typed = [used, used, used]
    with pytest.raises(SessionRefused) as caught:
        desk.broker(asks()).hand_out()
    assert "invalid MFA one time pass code" in caught.value.message.en


def test_without_a_terminal_nothing_is_asked(desk: Desk, asks: Callable[..., Source]) -> None:
    desk.phone.there = False
    with pytest.raises(SessionRefused) as caught:
        desk.broker(asks()).hand_out()
    assert caught.value.code is Code.SESSION_NO_TERMINAL
    assert desk.calls == ["GetCallerIdentity", "ListMFADevices"]


def test_a_device_of_somebody_else_is_named(desk: Desk, asks: Callable[..., Source]) -> None:
    other = PHONE.replace("aoi-phone", "old")
    with pytest.raises(SessionRefused, match=f"`{other}` is not a device of aoi") as caught:
        desk.broker(asks(serial=other)).hand_out()
    assert caught.value.code is Code.SESSION_NO_DEVICE


def _keyed(source: Source, name: str) -> Source:
    return replace(source, keys=OTHER_KEYS[name])


def test_of_several_devices_one_is_chosen_by_number(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.phone.typed = ["2"]
    handed = desk.broker(_keyed(asks(), "several")).hand_out()
    assert handed.id.serial.endswith(":mfa/old")
    question = desk.phone.asked[0].splitlines()
    assert [line.rpartition("/")[2] for line in question[:2]] == ["new", "old"]


@pytest.mark.parametrize("typed", ["0", "3", "new", ""])
def test_another_number_is_none(typed: str, desk: Desk, asks: Callable[..., Source]) -> None:
    desk.phone.typed = [typed]
    with pytest.raises(SessionRefused, match="several devices"):
        desk.broker(_keyed(asks(), "several")).hand_out()


@pytest.mark.parametrize(
    ("name", "said", "fix"),
    [
        ("several", "several devices that give codes", "--serial"),
        ("nothing", "nothing has no MFA device", "Security credentials"),
    ],
)
def test_who_has_not_one_device_that_gives_codes_is_told_in_a_line(
    name: str, said: str, fix: str, desk: Desk, asks: Callable[..., Source]
) -> None:
    desk.phone.there = False
    with pytest.raises(SessionRefused, match=said) as caught:
        desk.broker(_keyed(asks(), name)).hand_out()
    assert caught.value.code is Code.SESSION_NO_DEVICE
    assert caught.value.fix is not None
    assert fix in caught.value.fix.en
    assert "\n" not in caught.value.message.en


@dataclass
class Listing:
    serials: list[str]

    def call(self, service: str, operation: str, /, **params: object) -> dict[str, object]:
        raise NotImplementedError

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[object]:
        return iter([{"SerialNumber": each} for each in self.serials])


def test_who_has_only_passkeys_is_told_what_serves(desk: Desk) -> None:
    passkey = f"arn:aws:iam::{ACCOUNT}:u2f/user/aoi/yubikey-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    with pytest.raises(SessionRefused, match="only passkeys or security keys") as caught:
        chosen_device(Listing([passkey]), "aoi", desk.phone)
    assert caught.value.fix is not None
    assert "`aws login`" in caught.value.fix.en
    # beside an app nothing is asked
    assert chosen_device(Listing([passkey, PHONE]), "aoi", desk.phone) == PHONE


def test_a_session_that_aws_no_longer_takes_is_made_anew(
    desk: Desk, asks: Callable[..., Source]
) -> None:
    made = desk.broker(asks()).hand_out()
    spoilt = replace(made.session, access_key_id="ASIAGONE000000000000")
    desk.store.write(made.id, spoilt)
    desk.next_code()
    assert desk.broker(asks(role_arn=role_arn("Ops"))).hand_out().new
    assert desk.broker(asks()).hand_out().session.access_key_id != spoilt.access_key_id


def test_a_session_that_cannot_be_kept_is_handed_out(
    desk: Desk, asks: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SessionRefused(_FULL)

    monkeypatch.setattr(FileStore, "write", refuse)
    handed = desk.broker(asks()).hand_out()
    assert (handed.kept_in, handed.new) == ("", True)
    assert desk.told == ["the session is not kept: the disk is full"]
    assert desk.at().notes.sessions_of(KEY.access_key_id, desk.local.url) == ()


def test_two_at_once_spend_one_code(desk: Desk, asks: Callable[..., Source]) -> None:
    source, asked, answered = asks(), threading.Event(), threading.Event()
    handed: list[HandedOut] = []

    class Slow(Phone):
        def ask(self, question: Message, *, hidden: bool) -> str:
            asked.set()
            assert answered.wait(60)
            return super().ask(question, hidden=hidden)

    desk.phone = Slow(desk.local)

    def hand_out() -> None:
        handed.append(desk.broker(source).hand_out())

    threads = [threading.Thread(target=hand_out) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert asked.wait(60)
    while not desk.told:
        threading.Event().wait(0.01)
    assert "waiting" in desk.told[0]
    answered.set()
    for thread in threads:
        thread.join(60)
    assert [each.new for each in handed].count(True) == 1
    assert handed[0].session == handed[1].session
    assert len(desk.phone.asked) == 1
