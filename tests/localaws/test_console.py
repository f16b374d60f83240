"""Signing in to the console, step by step, over the wire.

Reads a hook of `account.aws.client` itself, to hand it to a client of its own.
"""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from localaws_limits import MOST_TRIES, TICKET_LIFETIME
from sekisho import policy
from sekisho.account import load_account
from sekisho.account.aws import Keys, connect
from sekisho.account.aws.client import _moved
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, ConsoleRefused, LocalAws
from sekisho.policy import Preset
from sekisho.signin import (
    CHANGE_REFUSED,
    CONSOLE_REFUSED,
    SIGNIN_FAILED,
    NextStep,
    SigninAssumptions,
    SigninOrder,
    totp,
)

NEW = "Suikinkutsu-8-drops"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def sign_in(aws: LocalAws, user: str, **other: str) -> tuple[int, dict[str, Any]]:
    fields = {"account": people.ACCOUNT, "user": user, "password": people.PASSWORD}
    return people.console(aws, "sign-in", **(fields | other))


def attach(aws: LocalAws, user: str, preset: Preset) -> None:
    document = policy.render(policy.force_mfa(policy.choices_of(preset)))
    iam = people.client(aws, "iam")
    arn = iam.create_policy(PolicyName="Force_MFA", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user, PolicyArn=arn)


def test_without_a_device_nothing_is_asked(aws: LocalAws) -> None:
    status, answer = sign_in(aws, "admin", account="sekisho-test")
    assert status == 200
    assert (answer["next"], answer["mfaUsed"]) == ("done", False)
    keys = people.keys_of(answer["credentials"])
    arn = people.client(aws, "sts", keys).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{people.ACCOUNT}:user/admin"
    used = people.client(aws, "iam", keys).get_user()["User"]["PasswordLastUsed"]
    assert used is not None


@pytest.mark.parametrize(
    "wrong",
    [{"password": "not-it"}, {"user": "nobody"}, {"account": "999988887777"}, {"user": "zoe"}],
    ids=["password", "user", "account", "no-password"],
)
def test_one_answer_for_all_that_is_wrong(aws: LocalAws, wrong: dict[str, str]) -> None:
    people.client(aws, "iam").create_user(UserName="zoe")
    fields = {"account": people.ACCOUNT, "user": "admin", "password": people.PASSWORD} | wrong
    status, answer = people.console(aws, "sign-in", **fields)
    assert (status, answer) == (401, {"error": {"code": "SigninFailed", "message": SIGNIN_FAILED}})


def test_a_device_is_always_asked_for(aws: LocalAws) -> None:
    _, asked = sign_in(aws, "bob")
    assert (asked["next"], asked["methods"], "credentials" in asked) == ("mfa", ["totp"], False)
    status, failed = people.console(aws, "mfa", ticket=asked["ticket"], code="000000")
    assert (status, failed["error"]["message"]) == (401, SIGNIN_FAILED)
    status, spent = people.console(aws, "mfa", ticket=asked["ticket"], code=people.code(aws))
    assert (status, spent["error"]["code"]) == (401, "SigninExpired")
    status, done = people.console(aws, "mfa", ticket=failed["ticket"], code=people.code(aws))
    assert (status, done["next"], done["mfaUsed"]) == (200, "done", True)
    keys = people.keys_of(done["credentials"])
    people.client(aws, "iam", keys).list_mfa_devices()


def test_the_client_is_told_why_and_how_to_go_on(aws: LocalAws) -> None:
    attach(aws, "carol", Preset.AWS)
    console = ConsoleClient(aws.url, people.ACCOUNT)
    asked = console.sign_in("bob", people.PASSWORD)
    with pytest.raises(ConsoleRefused) as wrong:
        console.mfa(asked.ticket, "000000")
    assert (wrong.value.aws_code, wrong.value.cause_code) == ("SigninFailed", "")
    done = console.mfa(wrong.value.ticket, people.code(aws))
    assert done.keys is not None
    assert done.expires_at is not None
    asked = console.sign_in("carol", people.PASSWORD)
    with pytest.raises(ConsoleRefused) as denied:
        console.new_password(asked.ticket, people.PASSWORD, NEW)
    assert (denied.value.aws_message, denied.value.cause_code) == (CHANGE_REFUSED, "AccessDenied")
    assert "explicit deny" in denied.value.cause_message
    assert denied.value.ticket


def test_a_chosen_device_is_the_only_one_tried(aws: LocalAws) -> None:
    _, asked = sign_in(aws, "bob")
    orphan = f"arn:aws:iam::{people.ACCOUNT}:mfa/left-behind"
    fields = {"ticket": asked["ticket"], "code": people.code(aws), "serial": orphan}
    assert people.console(aws, "mfa", **fields)[0] == 401


def test_a_device_out_of_step_is_resynchronised_by_the_users_own_call(aws: LocalAws) -> None:
    """A phone that is ten codes fast: beyond the window of a sign-in, within that of a resync."""
    attach(aws, "bob", Preset.AWS)
    console = ConsoleClient(aws.url, people.ACCOUNT)
    ticket = console.sign_in("bob", people.PASSWORD).ticket

    def shown(later: int) -> str:
        return totp.code_at(people.SEED, totp.step_of(aws.clock.now()) + 10 + later)

    with pytest.raises(ConsoleRefused) as late:
        console.mfa(ticket, shown(0))
    assert late.value.aws_code == "SigninFailed"
    with pytest.raises(ConsoleRefused) as apart:
        console.resync(late.value.ticket, shown(-2), shown(0))
    assert apart.value.aws_code == "InvalidAuthenticationCode"
    page = console.resync(apart.value.ticket, shown(-1), shown(0))
    assert (page.next, page.mfa_used, page.keys) == (NextStep.NEEDS_MFA, False, None)
    assert console.mfa(page.ticket, shown(1)).mfa_used


def test_a_policy_that_denies_the_call_keeps_a_device_out_of_step(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    deny = {"Effect": "Deny", "Action": "iam:ResyncMFADevice", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_user_policy(UserName="bob", PolicyName="no-resync", PolicyDocument=document)
    console = ConsoleClient(aws.url, people.ACCOUNT)
    ticket, step = console.sign_in("bob", people.PASSWORD).ticket, totp.step_of(aws.clock.now())
    codes = (totp.code_at(people.SEED, step + later) for later in (9, 10))
    with pytest.raises(ConsoleRefused) as denied:
        console.resync(ticket, *codes)
    assert denied.value.aws_code == "AccessDenied"
    assert denied.value.ticket


def test_that_the_sign_in_resynchronises_is_an_assumption() -> None:
    with LocalAws(people.account(), signin=SigninAssumptions(resync_at_sign_in=False)) as aws:
        console = ConsoleClient(aws.url, people.ACCOUNT)
        ticket = console.sign_in("bob", people.PASSWORD).ticket
        with pytest.raises(ConsoleRefused) as refused:
            console.resync(ticket, "111111", "222222")
        assert refused.value.aws_code == "NotOffered"
        assert console.mfa(refused.value.ticket, people.code(aws)).mfa_used


@pytest.mark.parametrize("needs_code", [True, False])
def test_when_the_password_counts_as_used_is_an_assumption(needs_code: bool) -> None:
    assumed = SigninAssumptions(password_last_used_needs_code=needs_code)
    with LocalAws(people.account(), signin=assumed) as aws:
        console = ConsoleClient(aws.url, people.ACCOUNT)

        def last_used() -> object:
            user = people.client(aws, "iam").get_user(UserName="bob")["User"]
            return user.get("PasswordLastUsed")

        ticket = console.sign_in("bob", people.PASSWORD).ticket
        assert (last_used() is None) == needs_code
        assert console.mfa(ticket, people.code(aws)).mfa_used
        assert last_used() is not None


def test_too_many_wrong_codes_end_the_sign_in(aws: LocalAws) -> None:
    _, answer = sign_in(aws, "bob")
    for _ in range(MOST_TRIES):
        _, answer = people.console(aws, "mfa", ticket=answer["ticket"], code="000000")
    assert "ticket" not in answer


def test_a_ticket_dies_with_time_and_cannot_be_forged(aws: LocalAws) -> None:
    _, asked = sign_in(aws, "bob")
    ticket = asked["ticket"]
    forged = ticket[:-4] + ("AAAA" if ticket[-4:] != "AAAA" else "BBBB")
    for bad in (forged, "", "x" * 50, "é", ticket[:10]):
        status, answer = people.console(aws, "mfa", ticket=bad, code=people.code(aws))
        assert (status, answer["error"]["code"]) == (401, "SigninExpired")
    wrong_step = {"ticket": ticket, "oldPassword": people.PASSWORD, "newPassword": NEW}
    assert people.console(aws, "new-password", **wrong_step)[0] == 401
    aws.clock.advance(TICKET_LIFETIME)
    assert people.console(aws, "mfa", ticket=ticket, code=people.code(aws))[0] == 401


def test_the_forced_change_is_the_users_own_call(aws: LocalAws) -> None:
    attach(aws, "carol", Preset.FIRST_LOGIN)
    _, asked = sign_in(aws, "carol")
    assert asked["next"] == "new-password"
    fields = {"oldPassword": people.PASSWORD, "newPassword": NEW}
    status, done = people.console(aws, "new-password", ticket=asked["ticket"], **fields)
    assert (status, done["next"], done["mfaUsed"]) == (200, "done", False)
    assert sign_in(aws, "carol")[0] == 401
    assert sign_in(aws, "carol", password=NEW)[1]["next"] == "done"


def test_awss_sample_dead_locks_the_new_user(aws: LocalAws) -> None:
    attach(aws, "carol", Preset.AWS)
    _, asked = sign_in(aws, "carol")
    fields = {"oldPassword": people.PASSWORD, "newPassword": NEW}
    status, denied = people.console(aws, "new-password", ticket=asked["ticket"], **fields)
    assert (status, denied["error"]["message"]) == (403, CHANGE_REFUSED)
    assert denied["error"]["cause"]["code"] == "AccessDenied"
    assert "iam:ChangePassword" in denied["error"]["cause"]["message"]
    assert "explicit deny" in denied["error"]["cause"]["message"]
    assert sign_in(aws, "carol", password=NEW)[0] == 401
    assert sign_in(aws, "carol")[1]["next"] == "new-password"


def test_a_weak_password_gets_the_same_sentence(aws: LocalAws) -> None:
    _, asked = sign_in(aws, "carol")
    fields = {"oldPassword": people.PASSWORD, "newPassword": "weak"}
    _, refused = people.console(aws, "new-password", ticket=asked["ticket"], **fields)
    assert refused["error"]["message"] == CHANGE_REFUSED
    assert refused["error"]["cause"]["code"] == "PasswordPolicyViolation"
    fields["newPassword"] = NEW
    assert people.console(aws, "new-password", ticket=refused["ticket"], **fields)[0] == 200


@pytest.mark.parametrize(
    ("order", "steps"),
    [
        (SigninOrder.MFA_FIRST, ["mfa", "new-password", "done"]),
        (SigninOrder.RESET_FIRST, ["new-password", "mfa", "done"]),
    ],
)
def test_the_order_is_a_assumption(order: SigninOrder, steps: list[str]) -> None:
    with LocalAws(people.account(), signin=SigninAssumptions(order=order)) as aws:
        people.client(aws, "iam").update_login_profile(UserName="bob", PasswordResetRequired=True)
        fields = {"oldPassword": people.PASSWORD, "newPassword": NEW, "code": people.code(aws)}
        needed = {"mfa": ["code"], "new-password": ["oldPassword", "newPassword"]}
        _, answer = sign_in(aws, "bob")
        seen = [answer["next"]]
        while answer["next"] != "done":
            given = {name: fields[name] for name in needed[answer["next"]]}
            _, answer = people.console(aws, answer["next"], ticket=answer["ticket"], **given)
            seen.append(answer["next"])
        assert seen == steps
        assert answer["mfaUsed"] is True


def test_a_session_keeps_what_it_began_with(aws: LocalAws) -> None:
    """A device enabled later does not give MFA to a running session."""
    iam = people.client(aws, "iam")
    iam.update_login_profile(UserName="carol", PasswordResetRequired=False)
    attach(aws, "carol", Preset.FIRST_LOGIN)
    iam.attach_user_policy(UserName="carol", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    _, done = sign_in(aws, "carol")
    session = people.client(aws, "iam", people.keys_of(done["credentials"]))
    made = session.create_virtual_mfa_device(VirtualMFADeviceName="carol")["VirtualMFADevice"]
    seed = made["Base32StringSeed"].decode()
    session.enable_mfa_device(
        UserName="carol",
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=people.code(aws, seed, -1),
        AuthenticationCode2=people.code(aws, seed),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        session.list_users()
    _, asked = sign_in(aws, "carol")
    aws.clock.advance(timedelta(seconds=30))
    _, again = people.console(aws, "mfa", ticket=asked["ticket"], code=people.code(aws, seed))
    fresh = people.client(aws, "iam", people.keys_of(again["credentials"]))
    assert fresh.list_users()["Users"]
    aws.clock.advance(timedelta(hours=12))
    with pytest.raises(ClientError, match="ExpiredToken"):
        fresh.list_users()


def test_an_expired_password_must_be_changed(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    iam.update_account_password_policy(MaxPasswordAge=30)
    assert sign_in(aws, "admin")[1]["next"] == "done"
    aws.clock.advance(timedelta(days=31))
    assert sign_in(aws, "admin")[1]["next"] == "new-password"
    iam.update_account_password_policy(MaxPasswordAge=30, HardExpiry=True)
    assert sign_in(aws, "admin")[0] == 403


def test_bad_requests_get_one_clear_error(aws: LocalAws) -> None:
    status, answer = people.console(aws, "sign-in", user=3, extra="x")
    assert status == 400
    assert answer["error"]["message"] == (
        "`account` is missing; `password` is missing; `extra` is unknown; `user` is not a text"
    )
    assert people.console(aws, "nowhere")[0] == 404
    assert people.console(aws, "sign-in", password="x" * 20_000)[0] == 413


@pytest.mark.parametrize(
    ("method", "body", "status", "message"),
    [
        ("GET", b"", 405, "use POST"),
        ("POST", b"", 400, "the body is not a JSON object"),
        ("POST", b"\xff", 400, "the body is not a JSON object"),
        ("POST", b"[" * 10_000, 400, "the body is not a JSON object"),
        ("POST", b'["sign-in"]', 400, "the body is not a JSON object"),
    ],
)
def test_what_is_no_request_at_all(
    aws: LocalAws, method: str, body: bytes, status: int, message: str
) -> None:
    where = urlsplit(aws.console_url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        connection.request(method, f"{where.path}/sign-in", body)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    finally:
        connection.close()
    assert (answer.status, told["error"]["message"]) == (status, message)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_session_lasts_as_long_as_the_profile_says(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    iam.update_login_profile(UserName="admin", MaxSigninSessionDuration=3600)
    _, done = sign_in(aws, "admin")
    session = people.client(aws, "iam", people.keys_of(done["credentials"]))
    aws.clock.advance(timedelta(minutes=59))
    session.list_users()
    aws.clock.advance(timedelta(minutes=2))
    with pytest.raises(ClientError, match="ExpiredToken"):
        session.list_users()


def _signin_of(
    aws: LocalAws, keys: tuple[str, ...] = people.ADMIN_KEY, region: str = "us-east-1"
) -> Any:
    """Return a caller of the sign-in's own API."""
    api = connect(endpoint_url=aws.url, credentials=Keys(*keys), region=region)
    return partial(api.call, "signin")


def test_console_authorization_lets_policies_keep_a_session_from_being_granted(
    aws: LocalAws,
) -> None:
    attach(aws, "carol", Preset.RECOMMENDED)
    signin = _signin_of(aws)
    configured = signin("GetConsoleAuthorizationConfiguration")
    assert configured["consoleAuthorizationEnabled"] is False
    assert configured["targetId"] == people.ACCOUNT
    assert sign_in(aws, "carol")[1]["next"] == "new-password"

    assert signin("PutConsoleAuthorizationConfiguration")["consoleAuthorizationEnabled"] is True
    _, asked = sign_in(aws, "carol")
    fields = {"oldPassword": people.PASSWORD, "newPassword": NEW}
    status, refused = people.console(aws, "new-password", ticket=asked["ticket"], **fields)
    assert (status, refused["error"]["message"]) == (403, CONSOLE_REFUSED)
    assert "signin:AuthorizeOAuth2Access on resource: arn:aws:signin:::console/" in str(refused)
    # nobody needs an Allow
    assert sign_in(aws, "admin")[1]["next"] == "done"

    signin("DeleteConsoleAuthorizationConfiguration")
    assert sign_in(aws, "carol", password=NEW)[1]["next"] == "done"


def test_an_endpoint_of_the_environment_is_that_of_the_sign_in_too(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore itself would call AWS: for this it has no other address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    api = connect(credentials=Keys(*people.ADMIN_KEY))
    told = api.call("signin", "GetConsoleAuthorizationConfiguration")
    assert told["targetId"] == people.ACCOUNT


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("DeleteConsoleAuthorizationConfiguration", {}, "ResourceNotFoundException"),
        ("GetResourcePolicy", {}, "ResourceNotFoundException"),
        (
            "PutConsoleAuthorizationConfiguration",
            {"targetId": "o-0123456789"},
            "ResourceNotFoundException",
        ),
        ("PutResourcePermissionStatement", {"sourceIp": "192.0.2.0/24"}, "NotImplemented"),
    ],
)
def test_what_the_api_of_the_sign_in_refuses(
    aws: LocalAws, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(AwsRefused) as refused:
        _signin_of(aws)(operation, **parameters)
    assert refused.value.aws_code == code
    assert aws.world.console_authorization is False


def test_the_api_of_the_sign_in_asks_policies_and_takes_changes_in_one_region(
    aws: LocalAws,
) -> None:
    call = "PutConsoleAuthorizationConfiguration"
    client = people.client(aws, "signin", region="eu-west-1")
    client.meta.events.register("before-sign.signin", partial(_moved, aws.url))
    with pytest.raises(ClientError, match="us-east-1"):
        client.put_console_authorization_configuration()
    attach(aws, "admin", Preset.RECOMMENDED)
    with pytest.raises(AwsRefused) as refused:
        _signin_of(aws)(call)
    assert refused.value.aws_code == "AccessDeniedException"
    assert aws.world.console_authorization is False


def test_another_partition() -> None:
    text = people.account_text().replace("arn:aws:", "arn:aws-cn:")
    account = load_account(text.replace('"partition": "aws"', '"partition": "aws-cn"'))
    with LocalAws(account) as aws:
        _, asked = sign_in(aws, "carol")
        fields = {"oldPassword": people.PASSWORD, "newPassword": NEW}
        status, _ = people.console(aws, "new-password", ticket=asked["ticket"], **fields)
        assert status == 200
        _, asked = sign_in(aws, "bob")
        _, done = people.console(aws, "mfa", ticket=asked["ticket"], code=people.code(aws))
        keys = people.keys_of(done["credentials"])
        bob = people.client(aws, "iam", keys, region="cn-north-1")
        assert bob.get_user()["User"]["Arn"].startswith("arn:aws-cn:iam::")


def test_secrets_stay_out_of_logs(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    attach(aws, "carol", Preset.AWS)
    _, asked = sign_in(aws, "carol")
    fields = {"oldPassword": people.PASSWORD, "newPassword": NEW}
    people.console(aws, "new-password", ticket=asked["ticket"], **fields)
    sign_in(aws, "carol", password="Not-the-password-1")
    logged = "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("sekisho")
    )
    logged += "".join(map(repr, aws.log.entries()))
    for secret in (people.PASSWORD, NEW, "Not-the-password-1", asked["ticket"]):
        assert secret not in logged
