"""`aws login` at the local AWS, from the person's browser to boto3 with such a profile.

The first half is what the AWS CLI does (`cli_login`); the second is botocore's own provider, an
unmodified client.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError, LoginInsufficientPermissions, LoginRefreshRequired

import overlay_people as people
from cli_login import SOON, CliLogin
from sekisho import policy
from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, LocalAws
from sekisho.policy import Choices
from sekisho.signin import LOGIN_ACCESS, LOGIN_SESSION, LoginClient

BOB = f"arn:aws:iam::{people.ACCOUNT}:user/dev/bob"
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
FORCE_MFA = policy.render(policy.force_mfa(Choices()))
FORCE_MFA_ARN = f"arn:aws:iam::{people.ACCOUNT}:policy/Force_MFA"
NUMBERS = count()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        iam = people.client(running, "iam")
        iam.create_policy(PolicyName="Force_MFA", PolicyDocument=FORCE_MFA)
        iam.attach_user_policy(UserName="bob", PolicyArn=FORCE_MFA_ARN)
        yield running


def with_mfa(aws: LocalAws) -> Keys:
    """Bob's console session; he has a device, and Force_MFA."""
    console = ConsoleClient(aws.url, people.ACCOUNT)
    asked = console.sign_in("bob", people.PASSWORD)
    keys = console.mfa(asked.ticket, people.fresh_code(aws)).keys
    assert keys is not None
    return keys


def without_mfa(aws: LocalAws, *, enforced: bool) -> tuple[str, Keys]:
    """A new administrator without a device: the name, and a console session."""
    iam, name = people.client(aws, "iam"), f"zoe{next(NUMBERS)}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=ADMIN_POLICY)
    iam.create_login_profile(UserName=name, Password=people.PASSWORD)
    if enforced:
        iam.attach_user_policy(UserName=name, PolicyArn=FORCE_MFA_ARN)
    keys = ConsoleClient(aws.url, people.ACCOUNT).sign_in(name, people.PASSWORD).keys
    assert keys is not None
    return name, keys


def let_in(aws: LocalAws, keys: Keys, cli: CliLogin) -> str:
    """Return the code that the person's browser brings to the CLI."""
    return cli.code_in(ConsoleClient(aws.url, people.ACCOUNT).let_in(keys, cli.query()))


def begun(aws: LocalAws) -> tuple[CliLogin, dict[str, Any]]:
    cli = CliLogin(aws.url)
    given = cli.exchange(let_in(aws, with_mfa(aws), cli))
    assert given.status == 200, given.body
    return cli, given.body


@pytest.fixture
def profile(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[CliLogin, dict[str, Any]]:
    """A profile of `aws login` on disk, whose access token is over."""
    cli, given = begun(aws)
    config = cli.cache(tmp_path, given, BOB, expires=SOON)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return cli, given


def test_boto3_with_such_a_profile_renews_and_works(
    aws: LocalAws, profile: tuple[CliLogin, dict[str, Any]], tmp_path: Path
) -> None:
    _, first = profile
    session = boto3.Session(profile_name="login")
    assert session.client("sts").get_caller_identity()["Arn"] == BOB
    session.client("s3").list_buckets()
    entry = aws.log.last("s3:ListAllMyBuckets")
    assert entry is not None
    assert (entry.credential.value, entry.mfa) == ("aws login session", True)
    (cached,) = (json.loads(each.read_text()) for each in tmp_path.glob("*.json"))
    assert cached["refreshToken"] != first["refreshToken"]
    # it is renewed again by the new one
    assert boto3.Session(profile_name="login").client("sts").get_caller_identity()["Arn"] == BOB


def test_the_token_says_whose_it_is_and_holds_for_fifteen_minutes(aws: LocalAws) -> None:
    _, given = begun(aws)
    claims = json.loads(b64decode(given["idToken"].split(".")[1] + "=="))
    assert (claims["sub"], given["tokenType"]) == (BOB, "aws_sigv4")
    assert given["expiresIn"] == LOGIN_ACCESS.total_seconds()


def test_a_login_is_one_session_over_all_renewals(aws: LocalAws) -> None:
    cli, given = begun(aws)
    before = set(aws.world.login_sessions)
    for _ in range(3):
        given = cli.renew(given["refreshToken"]).body
    assert set(aws.world.login_sessions) == before


def test_under_force_mfa_nobody_logs_in_without_mfa(aws: LocalAws) -> None:
    name, keys = without_mfa(aws, enforced=True)
    with pytest.raises(AwsRefused) as refused:
        let_in(aws, keys, CliLogin(aws.url))
    assert refused.value.aws_code == "AccessDeniedException"
    assert "signin:AuthorizeOAuth2Access" in refused.value.aws_message
    assert "explicit deny in an identity-based policy" in refused.value.aws_message
    entry = aws.log.last("signin:AuthorizeOAuth2Access")
    assert entry is not None
    assert entry.caller.endswith(name)


def test_without_force_mfa_a_login_without_mfa_is_one_without_mfa(aws: LocalAws) -> None:
    name, keys = without_mfa(aws, enforced=False)
    cli = CliLogin(aws.url)
    given = cli.exchange(let_in(aws, keys, cli)).body
    # what is attached now counts for the next renewal
    iam = people.client(aws, "iam")
    iam.attach_user_policy(UserName=name, PolicyArn=FORCE_MFA_ARN)
    refused = cli.renew(given["refreshToken"])
    assert (refused.status, refused.body["error"]) == (400, "INSUFFICIENT_PERMISSIONS")
    # and for what is out already
    signed = tuple(given["accessToken"].values())
    with pytest.raises(ClientError, match="explicit deny"):
        people.client(aws, "s3", signed).list_buckets()


def test_botocore_says_what_the_refusals_mean(
    aws: LocalAws, profile: tuple[CliLogin, dict[str, Any]]
) -> None:
    iam = people.client(aws, "iam")
    deny = {"Effect": "Deny", "Action": "signin:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_user_policy(UserName="bob", PolicyName="NoLogin", PolicyDocument=document)
    try:
        with pytest.raises(LoginInsufficientPermissions):
            boto3.Session(profile_name="login").client("sts").get_caller_identity()
    finally:
        iam.delete_user_policy(UserName="bob", PolicyName="NoLogin")
    for state in aws.world.login_sessions.values():
        state.revoked = True
    with pytest.raises(LoginRefreshRequired):
        boto3.Session(profile_name="login").client("sts").get_caller_identity()


def test_a_new_password_ends_it(aws: LocalAws) -> None:
    name, keys = without_mfa(aws, enforced=False)
    cli = CliLogin(aws.url)
    given = cli.exchange(let_in(aws, keys, cli)).body
    iam = people.client(aws, "iam")
    aws.clock.advance(timedelta(seconds=1))
    iam.update_login_profile(UserName=name, Password=f"{people.PASSWORD}-2")
    refused = cli.renew(given["refreshToken"])
    assert refused.body["error"] == "USER_CREDENTIALS_CHANGED"


def test_it_ends_with_the_console_session(aws: LocalAws) -> None:
    cli, given = begun(aws)
    aws.clock.advance(LOGIN_SESSION - timedelta(minutes=5))
    given = cli.renew(given["refreshToken"]).body
    assert given["expiresIn"] < LOGIN_ACCESS.total_seconds()
    aws.clock.advance(timedelta(minutes=6))
    assert cli.renew(given["refreshToken"]).body["error"] == "TOKEN_EXPIRED"


def test_a_refresh_token_is_good_once_and_for_one_key(aws: LocalAws) -> None:
    cli, given = begun(aws)
    thief = CliLogin(aws.url)
    assert thief.renew(given["refreshToken"]).body["error"] == "INVALID_REQUEST"
    renewed = cli.renew(given["refreshToken"])
    assert renewed.status == 200
    assert cli.renew(given["refreshToken"]).body["error"] == "TOKEN_EXPIRED"
    # with the key and the token somebody has the person's session
    stolen = CliLogin(aws.url, key=cli.key)
    assert stolen.renew(renewed.body["refreshToken"]).status == 200


def test_a_code_is_good_once_for_the_client_that_asked(aws: LocalAws) -> None:
    keys, cli = with_mfa(aws), CliLogin(aws.url)
    code = let_in(aws, keys, cli)
    assert cli.exchange(code, codeVerifier="x" * 64).body["error"] == "INVALID_REQUEST"
    assert cli.exchange(code).body["error"] == "AUTHCODE_EXPIRED"
    code = let_in(aws, keys, cli)
    assert cli.exchange(code, redirectUri="http://127.0.0.1:1/x").body["error"] == "INVALID_REQUEST"
    code = let_in(aws, keys, cli)
    aws.clock.advance(timedelta(minutes=6))
    assert cli.exchange(code).body["error"] == "AUTHCODE_EXPIRED"


def test_a_proof_is_for_one_request_of_now(aws: LocalAws) -> None:
    cli, given = begun(aws)
    token = given["refreshToken"]
    used = cli.proof()
    assert cli.renew("ASORnone", used).body["error"] == "TOKEN_EXPIRED"
    other = CliLogin(aws.url).proof().rpartition(".")[0]
    bad = {
        "used before": used,
        "no JWS": "",
        "another request": cli.proof(f"{aws.url}/v1/other"),
        "another time": cli.proof(ts=1_700_000_000),
        "not of the key": f"{other}.{used.rpartition('.')[2]}",
    }
    for why, proof in bad.items():
        refused = cli.renew(token, proof)
        assert (refused.status, refused.body["error"]) == (400, "INVALID_REQUEST"), why
        assert why in refused.body["message"]
    assert cli.renew(token).status == 200


@pytest.mark.parametrize(
    "other",
    [
        {"redirect_uri": "https://example.com/x"},
        {"redirect_uri": "http://127.0.0.1.example.com:80/x"},
        {"redirect_uri": "http://127.0.0.1:80@example.com/x"},
        {"redirect_uri": "http://localhost:80/x?y=1"},
        {"client_id": "arn:aws:signin:::devtools/other"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"state": ""},
        {"response_type": "token"},
    ],
)
def test_a_code_is_sent_nowhere_but_to_this_computer(aws: LocalAws, other: dict[str, str]) -> None:
    keys, cli = with_mfa(aws), CliLogin(aws.url)
    with pytest.raises(AwsRefused) as refused:
        ConsoleClient(aws.url, people.ACCOUNT).let_in(keys, cli.query(**other))
    assert refused.value.aws_code == "ValidationError"


def test_who_is_not_signed_in_lets_nobody_in(aws: LocalAws) -> None:
    keys, console = with_mfa(aws), ConsoleClient(aws.url, people.ACCOUNT)
    query = CliLogin(aws.url).query()
    _, given = begun(aws)
    token = given["accessToken"]
    for bad in (
        Keys(keys.access_key_id, "x" * 40, keys.session_token),
        Keys(*people.ADMIN_KEY, ""),
        # a session of `aws login` begets no other
        Keys(token["accessKeyId"], token["secretAccessKey"], token["sessionToken"]),
    ):
        with pytest.raises(AwsRefused) as refused:
            console.let_in(bad, query)
        assert refused.value.aws_code == "NotSignedIn"


def test_for_another_device_the_code_is_shown(aws: LocalAws) -> None:
    cli = CliLogin(aws.url, LoginClient.CROSS_DEVICE)
    address = ConsoleClient(aws.url, people.ACCOUNT).let_in(with_mfa(aws), cli.query())
    entry = aws.log.last("signin:AuthorizeOAuth2Access")
    assert entry is not None
    assert str(entry.resource).endswith(":oauth2/public-client/remote")
    status, _, page = get(aws, address.removeprefix(aws.url))
    shown = re.search(r"<code>(.*)</code>", page)
    assert status == 200
    assert shown is not None
    pasted = b64decode(unescape(shown[1])).decode()
    assert pasted.startswith(f"state={cli.state}&code=")
    assert cli.exchange(pasted.partition("&code=")[2]).status == 200


def get(aws: LocalAws, path: str) -> tuple[int, str, str]:
    """Return status, `Location` and text of a page."""
    connection = HTTPConnection(urlsplit(aws.url).netloc, timeout=60)
    connection.request("GET", path, headers={"Accept-Language": "en"})
    response = connection.getresponse()
    found = response.status, response.headers.get("Location", ""), response.read().decode()
    connection.close()
    return found


def test_without_the_rehearsal_console_there_is_no_page_to_sign_in_at(aws: LocalAws) -> None:
    status, address, page = get(aws, f"/v1/authorize?{CliLogin(aws.url).query()}")
    assert (status, address, "--console" in page) == (404, "", True)


def test_the_browser_is_led_to_the_console_and_to_no_other_place(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.world, "console_site", "http://localhost:1/")
    query = CliLogin(aws.url).query(state='"><script>alert(1)</script>')
    status, address, page = get(aws, f"/v1/authorize?{query}")
    assert (status, address) == (303, f"http://localhost:1/aws-login?{query}")
    assert "<script>" not in page
    status, address, _ = get(
        aws, f"/v1/authorize?{CliLogin(aws.url).query(redirect_uri='https://example.com/')}"
    )
    assert (status, address) == (400, "")
    _, _, page = get(aws, "/v1/sessions/confirmation?state=<b>&code=<i>")
    assert "<b>" not in page
    assert "<i>" not in page


def test_no_secret_is_in_what_is_kept_or_logged(aws: LocalAws) -> None:
    cli, given = begun(aws)
    kept = repr(aws.world.login_sessions) + repr(aws.world.login_codes) + repr(aws.log.entries())
    for secret in (given["refreshToken"], given["accessToken"]["secretAccessKey"], cli.verifier):
        assert secret not in kept


def sessions_of(aws: LocalAws, **asked: Any) -> list[dict[str, Any]]:
    return signin_api(aws).list_sessions(**asked)["items"]


def signin_api(aws: LocalAws) -> Any:
    """A client of the API that reaches the local AWS; botocore knows one address for a Region."""
    made = people.client(aws, "signin")

    def moved(request: Any, **_: Any) -> None:
        request.url = f"{aws.url}{urlsplit(request.url).path}"

    made.meta.events.register("before-sign.signin", moved)
    return made


def test_sessions_are_listed_looked_at_and_ended(aws: LocalAws) -> None:
    cli, given = begun(aws)
    (latest, *_) = sessions_of(aws, principalArn=BOB, status="ACTIVE")
    assert latest["clientType"] == "CLI"
    seen = signin_api(aws).get_session(sessionArn=latest["sessionArn"], principalArn=BOB)
    assert seen["expiresAt"] > seen["issuedAt"]
    gone = f"{latest['sessionArn']}0"
    ended = signin_api(aws).batch_revoke_sessions(
        principalArn=BOB, sessionArns=[latest["sessionArn"], gone]
    )
    assert [each["sessionArn"] for each in ended["revokedSessions"]] == [latest["sessionArn"]]
    assert [each["sessionArn"] for each in ended["errors"]] == [gone]
    # it can be renewed no more; what is out lives on
    assert cli.renew(given["refreshToken"]).body["error"] == "TOKEN_EXPIRED"
    signed = tuple(given["accessToken"].values())
    assert people.client(aws, "sts", signed).get_caller_identity()["Arn"] == BOB
    # to end it once more succeeds
    again = signin_api(aws).batch_revoke_sessions(
        principalArn=BOB, sessionArns=[latest["sessionArn"]]
    )
    assert not again["errors"]


def test_a_list_has_pages_and_an_owner(aws: LocalAws) -> None:
    for _ in range(3):
        begun(aws)
    every = {each["sessionArn"] for each in sessions_of(aws, principalArn=BOB)}
    pages = signin_api(aws).get_paginator("list_sessions")
    found = [
        each["sessionArn"]
        for page in pages.paginate(principalArn=BOB, PaginationConfig={"PageSize": 2})
        for each in page["items"]
    ]
    assert (len(found), {*found}) == (len(every), every)
    # the caller's own
    assert sessions_of(aws) == []
    assert sessions_of(aws, principalArn=f"arn:aws:iam::{people.ACCOUNT}:*")
    assert sessions_of(aws, principalArn=BOB, issuedAfter=4_000_000_000) == []


def test_a_deny_on_the_session_stops_what_is_out(aws: LocalAws) -> None:
    _, given = begun(aws)
    signed = tuple(given["accessToken"].values())
    people.client(aws, "s3", signed).list_buckets()
    arn = sessions_of(aws, principalArn=BOB)[0]["sessionArn"]
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SignInSessionArn": arn}},
    }
    iam = people.client(aws, "iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_user_policy(UserName="bob", PolicyName="NoSession", PolicyDocument=document)
    try:
        with pytest.raises(ClientError, match="explicit deny"):
            people.client(aws, "s3", signed).list_buckets()
        # another session of the same person goes on
        _, other = begun(aws)
        people.client(aws, "s3", tuple(other["accessToken"].values())).list_buckets()
    finally:
        iam.delete_user_policy(UserName="bob", PolicyName="NoSession")


def test_a_policy_may_deny_the_other_device_also_with_mfa(aws: LocalAws) -> None:
    """Whoever has the code that a person copies has the person's session."""
    iam, arn = people.client(aws, "iam"), FORCE_MFA_ARN
    text = policy.render(policy.force_mfa(Choices(deny_remote_login=True)))
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
    try:
        keys, here = with_mfa(aws), CliLogin(aws.url)
        with pytest.raises(AwsRefused, match="oauth2/public-client/remote with an explicit deny"):
            let_in(aws, keys, CliLogin(aws.url, LoginClient.CROSS_DEVICE))
        assert here.exchange(let_in(aws, keys, here)).status == 200
    finally:
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        iam.delete_policy_version(PolicyArn=arn, VersionId=version["PolicyVersion"]["VersionId"])
