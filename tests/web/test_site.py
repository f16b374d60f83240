"""What every request to a site passes, asked without a browser: hosts, origins, forms, headers.

Reads `web.browsers` and `web.console` themselves, for a race between two requests, and for the name
of a file that no name IAM takes can give.
"""

import csv
import html
import json
import re
import secrets
from collections.abc import Iterator
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

import web_people as people
from cli_login import CliLogin
from sekisho.localaws import ADMINISTRATOR
from sekisho.messages import Language
from sekisho.web.browsers import Browsers
from sekisho.web.console import console_access, console_site


class Caller:
    """A client with one cookie and no opinions: it sends what it is told to."""

    def __init__(self, url: str) -> None:
        self.host = url.removeprefix("http://")
        self.port = int(self.host.rpartition(":")[2])
        self.cookie = ""

    def send(
        self,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        body: bytes = b"",
        **headers: str | None,
    ) -> tuple[int, dict[str, str], str]:
        own: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie or None}
        if method == "POST":
            own |= {
                "Origin": f"http://{self.host}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        body = body or urlencode(fields or {}).encode()
        for name, value in (own | {"Content-Length": str(len(body))}).items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode()
        answered = {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        if "set-cookie" in answered:
            self.cookie = answered["set-cookie"].partition(";")[0]
        return response.status, answered, text

    def secrets(self, path: str = "/signin") -> dict[str, str]:
        """Return the hidden fields of a page's last form."""
        _, _, page = self.send("GET", path)
        found = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', page))
        assert found.keys() == {"csrf", "once"}
        return found


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    with people.running_console() as running:
        yield running


@pytest.fixture
def caller(console: people.RunningConsole) -> Caller:
    return Caller(console.url)


def credentials(console: people.RunningConsole, user: str = "hanako.sato") -> dict[str, str]:
    return {
        "account": console.account.account,
        "user": user,
        "password": console.password(user),
        "next": "",
    }


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 421),
        ("localhost:1", 421),
        ("evil.example:{port}", 421),
        ("localhost.evil.example:{port}", 421),
        ("localhost:{port}.", 421),
        ("LOCALHOST:{port}", 421),
        ("[::1]:{port}", 421),
        ("127.0.0.1:{port}", 302),
        ("localhost:{port}", 200),
    ],
)
def test_a_site_answers_to_its_own_name_only(caller: Caller, host: str, status: int) -> None:
    answer, headers, _ = caller.send("GET", "/signin", Host=host.format(port=caller.port))
    assert answer == status
    if status == 302:
        assert headers["location"] == f"http://localhost:{caller.port}/signin"
    if status == 421:
        assert "set-cookie" not in headers


def test_a_form_under_the_number_is_not_taken(
    caller: Caller, console: people.RunningConsole
) -> None:
    fields = caller.secrets() | credentials(console)
    answer, _, _ = caller.send("POST", "/signin", fields, Host=f"127.0.0.1:{caller.port}")
    assert answer == 421


FORGED: dict[str, dict[str, Any]] = {
    "another-origin": {"headers": {"Origin": "https://evil.example"}},
    "another-port": {"headers": {"Origin": "http://localhost:1"}},
    "the-number": {"headers": {"Origin": "http://127.0.0.1:{port}"}},
    "no-origin": {"headers": {"Origin": None}},
    "origin-null": {"headers": {"Origin": "null"}},
    "same-site": {"headers": {"Sec_Fetch_Site": "same-site"}},
    "cross-site": {"headers": {"Sec_Fetch_Site": "cross-site"}},
    "no-secret": {"fields": {"csrf": ""}},
    "wrong-secret": {"fields": {"csrf": "A" * 43}},
    "not-ascii": {"fields": {"csrf": "é関所"}},
    "no-cookie": {"headers": {"Cookie": None}},
    "another-cookie": {"headers": {"Cookie": "sekisho-console-1=x"}},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_form_changes_nothing(
    caller: Caller, console: people.RunningConsole, forged: dict[str, Any]
) -> None:
    fields = caller.secrets() | credentials(console) | forged.get("fields", {})
    headers = {
        name: value and value.format(port=caller.port)
        for name, value in forged.get("headers", {}).items()
    }
    status, _, page = caller.send("POST", "/signin", fields, **headers)
    assert status == 403
    assert "Nothing has been changed" in page
    assert caller.send("GET", "/console")[0] == 303


def test_the_cookie_is_for_this_site_and_no_script(caller: Caller) -> None:
    """By its port as well: cookies know none, and another site may run on this computer."""
    cookie, *attributes = caller.send("GET", "/signin")[1]["set-cookie"].split("; ")
    assert cookie.partition("=")[0] == f"sekisho-console-{caller.port}"
    assert {*attributes} == {"HttpOnly", "SameSite=Strict", "Path=/"}


def test_another_browser_s_secret_is_not_taken(
    caller: Caller, console: people.RunningConsole
) -> None:
    """Each browser has its own: a secret read off another one's page is worth nothing."""
    other = Caller(console.url)
    fields = other.secrets() | credentials(console)
    caller.secrets()
    assert caller.send("POST", "/signin", fields)[0] == 403


def test_a_sign_in_replaces_the_cookie_and_a_sign_out_ends_it(
    caller: Caller, console: people.RunningConsole
) -> None:
    fields = caller.secrets() | credentials(console)
    planted = caller.cookie
    assert caller.send("POST", "/signin", fields)[0] == 303
    known = caller.cookie
    assert known != planted
    assert caller.send("GET", "/console")[0] == 200
    # whoever knew the cookie before the sign-in has nothing (session fixation)
    caller.cookie = planted
    assert caller.send("GET", "/console")[0] == 303
    caller.cookie = known
    caller.send("POST", "/signout", caller.secrets("/console"))
    caller.cookie = known
    assert caller.send("GET", "/console")[0] == 303


def test_a_form_that_is_sent_twice_works_once(
    caller: Caller, console: people.RunningConsole
) -> None:
    before = console.aws.clock.now()
    fields = caller.secrets("/") | {"by": "1h", "page": "/"}
    for _ in range(3):
        status, headers, _ = caller.send("POST", "/clock", fields)
        assert (status, headers["location"]) == (303, "/")
    assert 3590 < (console.aws.clock.now() - before).total_seconds() < 3660


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tevil",
        "evil",
        "/x\r\nSet-Cookie: a=b",
    ],
)
def test_no_form_leads_to_another_site(
    caller: Caller, console: people.RunningConsole, elsewhere: str
) -> None:
    fields = caller.secrets() | credentials(console) | {"next": elsewhere}
    status, headers, _ = caller.send("POST", "/signin", fields)
    assert (status, headers["location"]) == (303, "/console")


HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
}
DIRECTIVES = {
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
"""No `unsafe-inline` among them; the last three have no default."""


@pytest.mark.parametrize(
    "path", ["/", "/signin", "/nowhere", "/static/site.css", "/static/nothing"]
)
def test_every_answer_has_the_headers(caller: Caller, path: str) -> None:
    _, headers, page = caller.send("GET", path)
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = {each.strip() for each in headers["content-security-policy"].split(";")}
    assert policy == DIRECTIVES
    if not path.startswith("/static"):
        assert headers["cache-control"] == "no-store"
    # nothing inline that the policy would have to allow
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", page)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


def test_what_is_too_long_is_refused_without_being_read(
    caller: Caller, console: people.RunningConsole
) -> None:
    fields = caller.secrets() | credentials(console) | {"user": "x" * (1 << 20)}
    assert caller.send("POST", "/signin", fields)[0] == 413


def test_the_secrets_are_in_no_log(
    caller: Caller, console: people.RunningConsole, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    fields = caller.secrets() | credentials(console, ADMINISTRATOR)
    caller.send("POST", "/signin", fields)
    said = caplog.text
    assert console.password(ADMINISTRATOR) not in said
    assert fields["csrf"] not in said
    assert caller.cookie.partition("=")[2] not in said


def test_aws_login_is_let_in_by_way_of_the_sign_in(
    caller: Caller, console: people.RunningConsole
) -> None:
    """From the address that the AWS CLI opens to where it waits."""
    cli, console.aws.world.console_site = CliLogin(console.aws.url), f"{console.url}/"
    local = Caller(console.aws.url)
    status, headers, _ = local.send("GET", f"/v1/authorize?{cli.query()}")
    assert (status, headers["location"].startswith(f"{console.url}/aws-login?")) == (303, True)
    page = headers["location"].removeprefix(console.url)
    status, headers, _ = caller.send("GET", page)
    assert (status, headers["location"].startswith("/signin?")) == (303, True)
    sign_in = headers["location"]
    form = caller.secrets(sign_in) | credentials(console, ADMINISTRATOR) | {"next": page}
    _, headers, _ = caller.send("POST", "/signin", form)
    code = console.rehearsal.phones.codes(ADMINISTRATOR, console.rehearsal.now())
    typed = {"code": code[0].code, "next": page}
    _, headers, _ = caller.send("POST", "/signin/mfa", caller.secrets(headers["location"]) | typed)
    assert headers["location"] == page
    asked = page.partition("?")[2]
    _, _, shown = caller.send("POST", "/aws-login", caller.secrets(page) | {"asked": asked})
    (address,) = re.findall(r'href="(http://127[^"]+)"', shown)
    assert cli.exchange(cli.code_in(html.unescape(address))).status == 200
    # an address that was made by nobody's CLI leads nowhere
    bad = cli.query(redirect_uri="https://example.com/")
    status, _, shown = caller.send("POST", "/aws-login", caller.secrets(page) | {"asked": bad})
    assert (status, "example.com" in shown) == (400, False)


def test_a_sign_in_that_is_sent_twice_signs_in_once(
    caller: Caller, console: people.RunningConsole
) -> None:
    """A second click, before the first is answered, comes with the cookie of before."""
    fields = caller.secrets() | credentials(console)
    before = caller.cookie
    assert caller.send("POST", "/signin", fields)[0] == 303
    known, caller.cookie = caller.cookie, before
    status, headers, _ = caller.send("POST", "/signin", fields)
    assert (status, headers["location"], caller.cookie) == (303, "/console", known)
    # another form with the secrets of before does not come in
    caller.cookie = before
    status, headers, _ = caller.send("POST", "/signin", fields | {"once": "A" * 22})
    assert status == 403
    assert "set-cookie" not in headers


def test_who_waits_while_somebody_signs_in_is_not_let_in() -> None:
    """Session fixation by a race: the planted cookie's request comes first and is answered last."""
    browsers = Browsers(object, Language.EN)
    victim = browsers.new()
    planted, entered = victim.cookie, []
    thief = Thread(target=lambda: entered.append(browsers.enter(planted)))
    thief.start()
    browsers.renew(victim, "")
    victim.lock.release()
    thief.join(60)
    assert entered == [None]


def test_another_site_cannot_sign_a_person_out(
    caller: Caller, console: people.RunningConsole
) -> None:
    """From elsewhere a browser sends no cookie; a new one would take the place of the old one."""
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    elsewhere: dict[str, str | None] = {"Cookie": None, "Sec_Fetch_Site": "cross-site"}
    status, headers, page = caller.send("GET", "/iam", Sec_Fetch_Mode="navigate", **elsewhere)
    assert (status, "set-cookie" in headers, 'content="0"' in page) == (200, False, True)
    for site in ("cross-site", "same-site"):
        picture = elsewhere | {"Sec_Fetch_Site": site}
        status, headers, _ = caller.send("GET", "/", Sec_Fetch_Mode="no-cors", **picture)
        assert (status, "set-cookie" in headers) == (403, False)
    status, headers, _ = caller.send("POST", "/signout", Origin="https://evil.example", **elsewhere)
    assert (status, "set-cookie" in headers) == (403, False)


def test_the_next_person_is_not_shown_what_the_last_one_was(
    caller: Caller, console: people.RunningConsole
) -> None:
    """Somebody else signs in over a session, while the page with a new key is open."""
    people.administrator_api(console).call(
        "iam",
        "AttachUserPolicy",
        UserName="hanako.sato",
        PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess",
    )
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    key = caller.secrets("/console") | {"user": "hanako.sato"}
    _, headers, _ = caller.send("POST", "/iam/access-key/create", key)
    shown = headers["location"]
    assert shown == "/iam/access-key-created"
    assert "<code>AKIA" in caller.send("GET", shown)[2]
    other = credentials(console, "aoi.watanabe") | {"next": shown}
    assert caller.send("POST", "/signin", caller.secrets() | other)[1]["location"] == shown
    status, headers, _ = caller.send("GET", shown)
    assert (status, headers["location"]) == (302, "/iam/security-credentials")


def _signs_first(_: object, letters: list[str]) -> None:
    letters.sort(key=str.isalnum)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "007"])
def test_nothing_in_the_file_with_a_new_password_is_a_formula(
    caller: Caller,
    console: people.RunningConsole,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Neither a user's name nor a password that is generated, however its letters are mixed."""
    full = "arn:aws:iam::aws:policy/IAMFullAccess"
    api = people.administrator_api(console)
    api.call("iam", "AttachUserPolicy", UserName="hanako.sato", PolicyArn=full)
    api.call("iam", "CreateUser", UserName=name)
    monkeypatch.setattr(secrets.SystemRandom, "shuffle", _signs_first)
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    about = {"user": name, "do": "enable", "kind": "auto"}
    form = caller.secrets(f"/iam/console-access?{urlencode({'user': name})}") | about
    _, headers, _ = caller.send("POST", "/iam/console-access", form)
    assert headers["location"] == "/iam/console-password"
    _, headers, written = caller.send("GET", "/iam/console-password?form=csv")
    _, row = csv.reader(written.splitlines())
    assert row[0] == f"'{name}"
    password = row[1]
    assert password[0].isalnum()
    # as the mixing left them there are signs, and in front
    assert not password[1].isalnum()
    assert headers["content-disposition"] == f'attachment; filename="{name}_credentials.csv"'
    assert headers["cache-control"] == "no-store"
    # who goes on has seen it once
    caller.send("GET", "/iam/users")
    assert caller.send("GET", "/iam/console-password?form=csv")[0] == 302


def test_no_name_ends_the_name_of_the_file() -> None:
    """IAM takes no such name; the header must not rest on that."""
    asked = {"user": 'a"; b\\関\r\nc', "password": "x"}
    headers = console_access._csv(asked, "address").headers
    assert headers["Content-Disposition"] == 'attachment; filename="a; bc_credentials.csv"'


def test_a_policy_that_another_tab_has_changed_is_looked_at_again(
    caller: Caller, console: people.RunningConsole
) -> None:
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    page = "/iam/policies/create"

    def write(action: str) -> str:
        document = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": action, "Resource": "*"},
        }
        caller.send("POST", page, caller.secrets(page) | {"document": json.dumps(document)})
        (seen,) = re.findall(r'name="seen" value="(\w+)"', caller.send("GET", f"{page}/review")[2])
        return str(seen)

    of_first_tab = write("s3:*")
    write("iam:*")
    form = caller.secrets(f"{page}/review") | {"name": "Mine", "seen": of_first_tab}
    status, headers, _ = caller.send("POST", f"{page}/review", form)
    assert (status, headers["location"]) == (302, f"{page}/review")
    shown = caller.send("GET", f"{page}/review")[2]
    assert "This was changed meanwhile, perhaps in another tab." in shown
    assert 'value="Mine"' in shown


def test_a_page_with_a_fault_is_still_about_the_same_user(
    caller: Caller, console: people.RunningConsole
) -> None:
    """Another language, a closed help rail or a new sign-in must not make it one's own device."""
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    form = caller.secrets("/iam/assign-mfa") | {"user": "mei.takahashi", "name": "", "kind": "app"}
    status, _, page = caller.send("POST", "/iam/assign-mfa", form)
    assert status == 422
    (here,) = set(re.findall(r'name="page" value="([^"]+)"', page))
    assert ">User name: mei.takahashi<" in caller.send("GET", html.unescape(here))[2]


def test_an_inline_policy_is_checked_by_its_own_quota_before_aws_is_asked(
    caller: Caller, console: people.RunningConsole
) -> None:
    """Without a script as well: 2,048 characters for a user's, 5,120 for a group's."""
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    arns = [f"arn:aws:s3:::documents-{number}" for number in range(100)]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": arns}
    document = {"document": json.dumps({"Version": "2012-10-17", "Statement": statement})}
    for kind, most, refused in (("", 6144, 0), ("inline", 2048, 1), ("group-inline", 5120, 0)):
        form = caller.secrets("/iam") | document
        found = json.loads(caller.send("POST", f"/iam/policies/check?as={kind}", form)[2])
        assert f"of {most} characters" in found["length"]
        assert [each["id"] for each in found["problems"]].count("save.size") == refused
    about = {"kind": "user", "name": "mei.takahashi", "policy_name": "long"}
    form = caller.secrets("/iam") | about | document
    status, _, page = caller.send("POST", "/iam/inline-policy", form)
    assert status == 422
    assert "Maximum policy size of 2048 bytes" in page
    assert 'value="long"' in page
    # AWS is asked about a text that has no fault, and what it refuses keeps the text
    about["kind"], about["name"] = "group", "no-such-group"
    status, _, page = caller.send("POST", "/iam/inline-policy", form | about)
    assert status == 422
    assert "Maximum policy size" not in page
    assert re.search('class="detail" lang="en">.*(cannot be found|not authorized)', page)
    assert "documents-99" in page


def test_a_page_with_a_fault_has_an_address_of_its_own_in_a_browser(
    caller: Caller, console: people.RunningConsole
) -> None:
    """Going back to it must not ask whether to send the form again."""
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    about = {"kind": "user", "name": "mei.takahashi", "policy_name": "a b", "document": "<{"}
    form = caller.secrets("/iam") | about
    browser = {"Sec-Fetch-Mode": "navigate"}
    status, headers, _ = caller.send("POST", "/iam/inline-policy", form, **browser)
    address = headers["location"]
    assert (status, headers["cache-control"]) == (302, "no-store")
    assert urlsplit(address).path == "/iam/inline-policy"
    assert parse_qs(urlsplit(address).query).keys() == {"kind", "name", "answer"}
    first, again = (caller.send("GET", address) for _ in range(2))
    assert (first[0], first[1]["cache-control"]) == (422, "no-store")
    assert 'value="a b"' in first[2]
    assert "&lt;{</textarea>" in first[2]
    assert first[2] != again[2]
    assert _without_tokens(first[2]) == _without_tokens(again[2])
    # another language and a closed rail lead to the page itself
    assert "answer" not in str(re.findall(r'name="page" value="([^"]+)"', first[2]))
    # it is the same form: put right, it may be sent
    form |= {"policy_name": "ab", "document": '{"Version":"2012-10-17","Statement":[]}'}
    assert caller.send("POST", "/iam/inline-policy", form)[0] == 422
    # nobody else sees it, and nobody after a sign-out
    other = Caller(console.url)
    other.send("POST", "/signin", other.secrets() | credentials(console))
    plain = "/iam/inline-policy?kind=user&name=mei.takahashi"
    assert other.send("GET", address)[1]["location"] == plain
    elsewhere = other.send("GET", "//evil.example/x?answer=1")[1]["location"]
    assert not elsewhere.startswith(("//", "http"))
    caller.send("POST", "/signout", caller.secrets("/iam"))
    assert caller.send("GET", address)[1]["location"] == plain


def _without_tokens(page: str) -> str:
    return re.sub(r'name="once" value="[^"]+"', "", page)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/iam/update-password", {"current": "wrong", "new": "b", "again": "c"}),
        ("/iam/resync-mfa", {"code1": "123456", "code2": ""}),
        ("/iam/update-password", {"csrf": "forged"}),
        # no server takes an address with it
        ("/iam/inline-policy", {"kind": "user", "name": "x" * 3_000, "policy_name": "a b"}),
        # more than what is kept of a browser
        ("/iam/inline-policy", {"kind": "user", "name": "x", "document": "a" * 600_000}),
    ],
)
def test_a_page_with_a_secret_of_a_forged_form_or_too_long_is_not_kept(
    caller: Caller, console: people.RunningConsole, path: str, fields: dict[str, str]
) -> None:
    caller.send("POST", "/signin", caller.secrets() | credentials(console))
    form = caller.secrets("/iam") | fields
    status, headers, _ = caller.send("POST", path, form, **{"Sec-Fetch-Mode": "navigate"})
    assert 400 <= status < 500
    assert "location" not in headers


NOT_OURS = ["", "x" * 20_000, "\0<script>alert(1)</script>\r\nSet-Cookie: a=b"]
FIELDS = (
    "arn code confirm current do document form group key kind language name new next page path "
    "password person policy preset q serial tab type user value version way"
)


@pytest.mark.parametrize("given", NOT_OURS, ids=range(len(NOT_OURS)))
def test_no_form_s_fields_make_a_site_fail(
    caller: Caller, console: people.RunningConsole, given: str
) -> None:
    """Every page and every form, with the same nonsense in whatever they read."""
    caller.send("POST", "/signin", caller.secrets() | credentials(console, "aoi.watanabe"))
    fields = dict.fromkeys(FIELDS.split(), given)
    for rule in console_site(console.rehearsal).app.url_map.iter_rules():
        path = rule.rule.replace("<any(activate, deactivate, delete):change>", "delete")
        # moving the clock and signing out have tests of their own
        if path in ("/signout", "/clock") or rule.endpoint == "static":
            continue
        asked = f"{path}?{urlencode(fields)}" if len(given) < 100 else path
        answers = [caller.send("GET", asked)] if "GET" in (rule.methods or ()) else []
        if "POST" in (rule.methods or ()):
            answers += [
                caller.send("POST", path, fields | caller.secrets("/console")),
                caller.send(
                    "POST",
                    path,
                    body=b'["no object"]',
                    X_Csrf_Token=caller.secrets("/console")["csrf"],
                    Content_Type="application/json",
                ),
            ]
        for status, headers, page in answers:
            assert status < 500, path
            assert "<script>alert" not in page
            assert "a=b" not in headers.get("set-cookie", "")
