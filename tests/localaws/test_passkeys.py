"""Passkeys over the wire: registered in the console, listed by IAM, asked for at sign-in."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from authenticator import ORIGIN, PRESENT, Authenticator, Told, encoded
from localaws_limits import MOST_TRIES, TICKET_LIFETIME, WINDOW_OF_TRIES
from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, ConsoleRefused, LocalAws, ShownPage
from sekisho.signin import MFA_UNKNOWN_DEVICE, SIGNIN_FAILED

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """One for all tests: each has users of its own."""
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture
def console(aws: LocalAws) -> ConsoleClient:
    # whoever was wrong too often in the test before may try again
    aws.clock.advance(WINDOW_OF_TRIES)
    return ConsoleClient(aws.url, people.ACCOUNT)


@pytest.fixture
def user(aws: LocalAws, request: pytest.FixtureRequest) -> str:
    """The name of a new administrator, who has a password and no device."""
    name = re.sub(r"[^\w]", "-", request.node.name)[:60]
    iam = people.client(aws, "iam")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=ADMIN)
    iam.create_login_profile(UserName=name, Password=people.PASSWORD)
    return name


def signed_in(console: ConsoleClient, user: str) -> Keys:
    keys = console.sign_in(user, people.PASSWORD).keys
    assert keys is not None
    return keys


def register(
    console: ConsoleClient, keys: Keys, name: str = "key", user: str = ""
) -> tuple[Authenticator, str]:
    options = console.passkey_options(keys, name, ORIGIN, user)
    made = Authenticator()
    return made, console.register_passkey(keys, options.ticket, made.make(options.public_key))


def with_passkey(console: ConsoleClient, user: str, made: Authenticator) -> ShownPage:
    asked = console.sign_in(user, people.PASSWORD)
    options = console.passkey_request(asked.ticket, ORIGIN)
    return console.mfa_passkey(options.ticket, made.sign(options.public_key))


def triple(keys: Keys) -> tuple[str, str, str]:
    return keys.access_key_id, keys.secret_access_key, keys.session_token or ""


def test_from_the_first_passkey_to_its_end(
    aws: LocalAws, console: ConsoleClient, user: str
) -> None:
    iam = people.client(aws, "iam")
    before = iam.get_account_summary()["SummaryMap"]
    keys = signed_in(console, user)
    made, serial = register(console, keys)
    arn = f"arn:aws:iam::{people.ACCOUNT}:u2f/user/{re.escape(user)}/key-[A-Z2-7]{{26}}"
    assert re.fullmatch(arn, serial)
    allowed = [each for each in aws.log.entries() if each.action == "iam:EnableMFADevice"][-2:]
    assert [(each.allowed, each.resource) for each in allowed] == [
        (True, f"arn:aws:iam::{people.ACCOUNT}:user/{user}")
    ] * 2

    (device,) = iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert device["SerialNumber"] == serial
    assert iam.get_mfa_device(SerialNumber=serial, UserName=user)["SerialNumber"] == serial
    virtual = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert serial not in {each["SerialNumber"] for each in virtual}
    summary = iam.get_account_summary()["SummaryMap"]
    for name in ("MFADevices", "MFADevicesInUse"):
        assert summary[name] == before[name] + 1
    assert _reported(iam, user)["mfa_active"] == "true"

    asked = console.sign_in(user, people.PASSWORD)
    assert (asked.next.value, asked.methods) == ("mfa", ("passkey",))
    done = with_passkey(console, user, made)
    assert (done.next.value, done.mfa_used) == ("done", True)
    assert done.keys is not None
    people.client(aws, "iam", triple(done.keys)).get_user()
    assert aws.log.last("iam:GetUser").mfa

    iam.delete_login_profile(UserName=user)
    iam.detach_user_policy(UserName=user, PolicyArn=ADMIN)
    with pytest.raises(ClientError, match="must deactivate MFA device first"):
        iam.delete_user(UserName=user)
    iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
    assert not iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert iam.get_account_summary()["SummaryMap"] == before | {
        "Users": iam.get_account_summary()["SummaryMap"]["Users"]
    }
    iam.delete_user(UserName=user)


def _reported(iam: Any, user: str) -> dict[str, str]:
    # a report is not made anew within four hours: this one is the only one of the module
    iam.generate_credential_report()
    text = iam.get_credential_report()["Content"].decode()
    return next(row for row in csv.DictReader(io.StringIO(text)) if row["user"] == user)


def test_a_passkey_is_of_no_use_to_an_api(aws: LocalAws, console: ConsoleClient, user: str) -> None:
    _, serial = register(console, signed_in(console, user))
    iam = people.client(aws, "iam")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sts = people.client(aws, "sts", (key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(ClientError) as refused:
        sts.get_session_token(SerialNumber=serial, TokenCode="123456")
    assert refused.value.response["Error"]["Message"] == MFA_UNKNOWN_DEVICE.message
    asked = console.sign_in(user, people.PASSWORD)
    with pytest.raises(ConsoleRefused, match=re.escape(SIGNIN_FAILED)):
        console.mfa(asked.ticket, "123456")
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "234567"}
    other = serial[:-3] + "AAA"
    for call in (iam.enable_mfa_device, iam.resync_mfa_device):
        for each in (serial, other):
            with pytest.raises(ClientError, match="NoSuchEntity"):
                call(UserName=user, SerialNumber=each, **codes)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.delete_virtual_mfa_device(SerialNumber=serial)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.deactivate_mfa_device(UserName="admin", SerialNumber=serial)


def test_who_has_both_may_choose(aws: LocalAws, console: ConsoleClient) -> None:
    asked = console.sign_in("bob", people.PASSWORD)
    assert asked.methods == ("totp",)
    with pytest.raises(ConsoleRefused) as none:
        console.passkey_request(asked.ticket, ORIGIN)
    assert none.value.aws_code == "NoPasskey"
    page = console.mfa(none.value.ticket, people.fresh_code(aws))
    assert page.keys is not None
    made, _ = register(console, page.keys)

    asked = console.sign_in("bob", people.PASSWORD)
    assert asked.methods == ("totp", "passkey")
    options = console.passkey_request(asked.ticket, ORIGIN)
    assert console.mfa(options.ticket, people.fresh_code(aws)).mfa_used
    assert with_passkey(console, "bob", made).mfa_used


CREATE, ACTIVATE = "passkey-options", "passkey-register"
DENIED = {
    "nothing": (None, None),
    "create": ({"StringEquals": {"iam:RegisterSecurityKey": "Create"}}, CREATE),
    "activate": ({"StringEquals": {"iam:RegisterSecurityKey": "Activate"}}, ACTIVATE),
    "all but passkeys": ({"Null": {"iam:RegisterSecurityKey": "true"}}, None),
    "what is not certified": ({"Null": {"iam:FIDO-certification": "true"}}, CREATE),
    "without MFA": ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, CREATE),
}


@pytest.mark.parametrize("name", DENIED)
def test_the_policies_decide(aws: LocalAws, console: ConsoleClient, user: str, name: str) -> None:
    condition, refused_at = DENIED[name]
    if condition is not None:
        statement = {
            "Effect": "Deny",
            "Action": "iam:EnableMFADevice",
            "Resource": "*",
            "Condition": condition,
        }
        people.client(aws, "iam").put_user_policy(
            UserName=user,
            PolicyName="No",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        )
    keys, made, step, refusal = signed_in(console, user), Authenticator(), CREATE, None
    try:
        options = console.passkey_options(keys, "key", ORIGIN)
        step = ACTIVATE
        console.register_passkey(keys, options.ticket, made.make(options.public_key))
    except ConsoleRefused as refused:
        refusal = refused
    assert (step if refusal else None) == refused_at
    if name == "all but passkeys":
        # no request of a client's own passes for the console's
        serial = f"arn:aws:iam::{people.ACCOUNT}:u2f/user/{user}/mine"
        own = people.client(aws, "iam", triple(keys))
        codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
        with pytest.raises(ClientError, match="explicit deny"):
            own.enable_mfa_device(UserName=user, SerialNumber=serial, **codes)
    if refusal is not None:
        assert (refusal.aws_code, refusal.status) == ("AccessDenied", 403)
        assert "iam:EnableMFADevice" in refusal.aws_message
        assert "explicit deny" in refusal.aws_message


def test_for_somebody_else_if_the_policies_say_so(
    aws: LocalAws, console: ConsoleClient, user: str
) -> None:
    people.client(aws, "iam").create_user(UserName="dora")
    _, serial = register(console, signed_in(console, user), user="dora")
    assert "/dora/" in serial
    people.client(aws, "iam").detach_user_policy(UserName=user, PolicyArn=ADMIN)
    for name in ("dora", "nobody"):
        with pytest.raises(ConsoleRefused) as denied:
            register(console, signed_in(console, user), "other", name)
        assert denied.value.aws_code == "AccessDenied"


def test_eight_devices_of_any_kind_and_a_name_once(
    aws: LocalAws, console: ConsoleClient, user: str
) -> None:
    keys, iam = signed_in(console, user), people.client(aws, "iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="Phone")["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=people.code(aws, seed, -1),
        AuthenticationCode2=people.code(aws, seed),
    )
    with pytest.raises(ConsoleRefused, match="EntityAlreadyExists"):
        register(console, keys, "phone")
    same, _ = register(console, keys, "key-0")
    with pytest.raises(ConsoleRefused, match="EntityAlreadyExists"):
        register(console, keys, "KEY-0")
    options = console.passkey_options(keys, "twin", ORIGIN)
    assert options.public_key["excludeCredentials"] == [
        {"type": "public-key", "id": encoded(same.identifier)}
    ]
    with pytest.raises(ConsoleRefused, match="already in use"):
        console.register_passkey(keys, options.ticket, same.make(options.public_key))
    waiting = console.passkey_options(keys, "late", ORIGIN)
    for number in range(1, 7):
        register(console, keys, f"key-{number}")
    with pytest.raises(ConsoleRefused, match="MFADevicesPerUser: 8"):
        console.passkey_options(keys, "ninth", ORIGIN)
    with pytest.raises(ConsoleRefused, match="MFADevicesPerUser: 8"):
        console.register_passkey(keys, waiting.ticket, Authenticator().make(waiting.public_key))


LIES = {
    "other origin": Told(origin="http://localhost:8081"),
    "origin of another scheme": Told(origin="https://localhost:8080"),
    "other relying party": Told(party="example.com"),
    "other challenge": Told(challenge=encoded(bytes(32))),
    "no presence": Told(flags=0),
    "in a frame": Told(cross=True),
    "id of another": Told(raw_id=b"somebody else's"),
}
AT_REGISTRATION = LIES | {
    "an assertion": Told(kind="webauthn.get"),
    "no credential": Told(attested=False),
    "algorithm that was not asked for": Told(algorithm=-36),
    "algorithm that nobody knows": Told(algorithm=-300),
    "a point off the curve": Told(point=b"\1" * 64),
    "a short point": Told(point=b"\1"),
}
AT_SIGN_IN = LIES | {
    "a registration": Told(kind="webauthn.create"),
    "handle of another": Told(handle=b"somebody else's"),
    "wrong signature": Told(signature=b"0\6\2\1\1\2\1\1"),
    "no signature": Told(signature=b"\0"),
    "the same count": Told(count=1),
    "a lower count": Told(count=0),
}


@pytest.fixture(scope="module")
def keeper(aws: LocalAws) -> tuple[str, Authenticator]:
    """Somebody whose passkey is at the count of one."""
    console, iam = ConsoleClient(aws.url, people.ACCOUNT), people.client(aws, "iam")
    iam.create_user(UserName="keeper")
    iam.attach_user_policy(UserName="keeper", PolicyArn=ADMIN)
    iam.create_login_profile(UserName="keeper", Password=people.PASSWORD)
    return "keeper", register(console, signed_in(console, "keeper"))[0]


@pytest.mark.parametrize("lie", AT_REGISTRATION)
def test_what_is_no_answer_is_not_registered(console: ConsoleClient, lie: str) -> None:
    keys = signed_in(console, "admin")
    options = console.passkey_options(keys, "lie", ORIGIN)
    credential = Authenticator().make(options.public_key, AT_REGISTRATION[lie])
    with pytest.raises(ConsoleRefused) as refused:
        console.register_passkey(keys, options.ticket, credential)
    assert (refused.value.aws_code, refused.value.status) == ("PasskeyNotVerified", 400)


@pytest.mark.parametrize("lie", AT_SIGN_IN)
def test_what_is_no_answer_lets_nobody_in(
    console: ConsoleClient, keeper: tuple[str, Authenticator], lie: str
) -> None:
    user, made = keeper
    asked = console.sign_in(user, people.PASSWORD)
    options = console.passkey_request(asked.ticket, ORIGIN)
    credential = made.sign(options.public_key, AT_SIGN_IN[lie])
    with pytest.raises(ConsoleRefused) as refused:
        console.mfa_passkey(options.ticket, credential)
    assert (refused.value.aws_message, refused.value.status) == (SIGNIN_FAILED, 401)
    # the ticket is for another try, and not for another answer to the old challenge
    with pytest.raises(ConsoleRefused, match="SigninFailed"):
        console.mfa_passkey(refused.value.ticket, replace(made, count=9).sign(options.public_key))


def test_another_users_passkey_lets_nobody_in(
    console: ConsoleClient, keeper: tuple[str, Authenticator], user: str
) -> None:
    own, _ = register(console, signed_in(console, user))
    asked = console.sign_in(user, people.PASSWORD)
    options = console.passkey_request(asked.ticket, ORIGIN)
    stranger = replace(keeper[1], handle=own.handle)
    with pytest.raises(ConsoleRefused) as refused:
        console.mfa_passkey(options.ticket, stranger.sign(options.public_key))
    options = console.passkey_request(refused.value.ticket, ORIGIN)
    posing = replace(stranger, identifier=own.identifier)
    with pytest.raises(ConsoleRefused) as refused:
        console.mfa_passkey(options.ticket, posing.sign(options.public_key))
    options = console.passkey_request(refused.value.ticket, ORIGIN)
    # a touch is enough
    credential = own.sign(options.public_key, Told(flags=PRESENT))
    assert console.mfa_passkey(options.ticket, credential).mfa_used


def test_an_answer_works_once_and_for_its_own_sign_in(console: ConsoleClient, user: str) -> None:
    made, _ = register(console, signed_in(console, user))
    first = console.passkey_request(console.sign_in(user, people.PASSWORD).ticket, ORIGIN)
    second = console.passkey_request(console.sign_in(user, people.PASSWORD).ticket, ORIGIN)
    credential = made.sign(first.public_key)
    with pytest.raises(ConsoleRefused, match="SigninFailed"):
        console.mfa_passkey(second.ticket, credential)
    assert console.mfa_passkey(first.ticket, credential).mfa_used
    with pytest.raises(ConsoleRefused, match="SigninExpired"):
        console.mfa_passkey(first.ticket, credential)


def test_who_does_not_count_is_believed_as_long_as_he_does_not(
    console: ConsoleClient, user: str
) -> None:
    keys, made = signed_in(console, user), Authenticator()
    options = console.passkey_options(keys, "key", ORIGIN)
    console.register_passkey(keys, options.ticket, made.make(options.public_key, Told(count=0)))
    for count, passes in ((0, True), (0, True), (5, True), (0, False), (5, False), (6, True)):
        asked = console.sign_in(user, people.PASSWORD)
        options = console.passkey_request(asked.ticket, ORIGIN)
        credential = made.sign(options.public_key, Told(count=count))
        if passes:
            assert console.mfa_passkey(options.ticket, credential).mfa_used
        else:
            with pytest.raises(ConsoleRefused, match="SigninFailed"):
                console.mfa_passkey(options.ticket, credential)


def test_too_many_wrong_answers_end_the_sign_in_and_then_the_trying(
    console: ConsoleClient, user: str
) -> None:
    made, _ = register(console, signed_in(console, user))
    codes = []
    for _ in range(2):
        ticket = console.sign_in(user, people.PASSWORD).ticket
        for _ in range(MOST_TRIES):
            options = console.passkey_request(ticket, ORIGIN)
            with pytest.raises(ConsoleRefused) as refused:
                console.mfa_passkey(options.ticket, made.sign(options.public_key, Told(flags=0)))
            ticket = refused.value.ticket
            codes.append(refused.value.aws_code)
        assert not ticket
    assert codes == ["SigninFailed"] * 10
    with pytest.raises(ConsoleRefused, match="TooManyAttempts"):
        with_passkey(console, user, made)


def test_a_registration_is_its_sessions_own_and_does_not_wait(
    aws: LocalAws, console: ConsoleClient, user: str
) -> None:
    keys, other = signed_in(console, user), signed_in(console, user)
    made = Authenticator()
    options = console.passkey_options(keys, "key", ORIGIN)
    credential = made.make(options.public_key)
    for session, ticket in ((other, options.ticket), (keys, options.ticket[:-4] + "AAAA")):
        with pytest.raises(ConsoleRefused, match="RegistrationExpired"):
            console.register_passkey(session, ticket, credential)
    signin = console.sign_in("bob", people.PASSWORD).ticket
    with pytest.raises(ConsoleRefused, match="RegistrationExpired"):
        console.register_passkey(keys, signin, credential)
    with pytest.raises(ConsoleRefused, match="SigninExpired"):
        console.mfa_passkey(options.ticket, credential)
    console.register_passkey(keys, options.ticket, credential)
    with pytest.raises(ConsoleRefused, match="RegistrationExpired"):
        console.register_passkey(keys, options.ticket, credential)
    late = console.passkey_options(keys, "late", ORIGIN)
    aws.clock.advance(TICKET_LIFETIME)
    with pytest.raises(ConsoleRefused, match="RegistrationExpired"):
        console.register_passkey(keys, late.ticket, Authenticator().make(late.public_key))


def test_only_somebody_who_is_signed_in_registers(
    aws: LocalAws, console: ConsoleClient, user: str
) -> None:
    keys = signed_in(console, user)
    token = keys.session_token or ""
    iam = people.client(aws, "iam")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sts = people.client(aws, "sts", (key["AccessKeyId"], key["SecretAccessKey"]))
    session = people.keys_of(sts.get_session_token()["Credentials"])
    wrong = {
        "SignatureDoesNotMatch": Keys(keys.access_key_id, "not-the-secret", token),
        "InvalidClientTokenId": Keys("ASIAOTHER00000000000", keys.secret_access_key, token),
        "NotSignedIn": Keys(*session),
        "ValidationError": Keys(keys.access_key_id, keys.secret_access_key),
    }
    for code, given in wrong.items():
        with pytest.raises(ConsoleRefused) as refused:
            console.passkey_options(given, "key", ORIGIN)
        assert refused.value.aws_code == code
    options = console.passkey_options(keys, "key", ORIGIN)
    with pytest.raises(ConsoleRefused, match="SignatureDoesNotMatch"):
        console.register_passkey(
            wrong["SignatureDoesNotMatch"],
            options.ticket,
            Authenticator().make(options.public_key),
        )
    aws.clock.advance(timedelta(hours=12))
    with pytest.raises(ConsoleRefused, match="ExpiredToken"):
        console.passkey_options(keys, "key", ORIGIN)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://localhost:8080",
        "http://localhost.example.com",
        "http://localhost:8080/",
        "http://localhost:8080\n",
        "http://user@localhost:8080",
        "http://localhost:",
        "null",
        "",
    ],
)
def test_only_pages_of_localhost_may_ask(console: ConsoleClient, origin: str) -> None:
    with pytest.raises(ConsoleRefused, match="`origin` must be"):
        console.passkey_options(Keys("a", "b", "c"), "key", origin)
    with pytest.raises(ConsoleRefused, match="`origin` must be"):
        console.passkey_request("ticket", origin)


@pytest.mark.parametrize("name", ["", "a b", "<script>", "鍵", "a/b", "x" * 129])
def test_names_that_are_none(console: ConsoleClient, name: str) -> None:
    with pytest.raises(ConsoleRefused, match=r"ValidationError.*mfaDeviceName"):
        console.passkey_options(Keys("a", "b", "c"), name, ORIGIN)


@pytest.mark.parametrize("user", ["\ud800", "x" * 200, "a b", "a\r\nX: y", "..", "<b>"])
def test_names_that_no_user_has(console: ConsoleClient, user: str) -> None:
    keys = signed_in(console, "admin")
    with pytest.raises(ConsoleRefused) as refused:
        console.passkey_options(keys, "key", ORIGIN, user)
    assert 400 <= refused.value.status < 500


def test_requests_of_another_form(aws: LocalAws) -> None:
    status, answer = people.console(aws, "passkey-register", credentials="x", credential=[], a=1)
    assert (status, answer["error"]["message"]) == (
        400,
        "`ticket` is missing; `a` is unknown; `credentials` is not an object; "
        "`credential` is not an object; `a` is not a text",
    )
    large = people.console(aws, "mfa-passkey", ticket="x", credential={"id": "x" * 20_000})
    assert large[0] == 413
    for given in ({}, {"AccessKeyId": 1}, {"AccessKeyId": "\ud800", "SecretAccessKey": "é"}):
        fields = {"credentials": given, "ticket": "x", "credential": {}}
        assert people.console(aws, "passkey-register", **fields)[0] == 400
    with pytest.raises(AwsRefused):
        ConsoleClient("http://127.0.0.1:9", people.ACCOUNT).passkey_request("x", ORIGIN)
