"""What axe does not see of the console's forms, on every page that links lead to, in process.

A hint or fault that a field names exists; what is refused is an alert, and the title says so;
buttons of one name say what they act on; what cannot be undone is asked first; nothing that sekisho
says is left in English on a page in Japanese.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

import web_people as people
from sekisho import catalogue
from sekisho.messages import Language, Message, table
from sekisho.policy import Preset
from sekisho.web.console import console_site
from web_forms import VOID, Element, Page, Reader

ARN = "arn:aws:iam::111122223333:policy/AssumeOps"
STARTS = (
    "/",
    "/console",
    "/iam",
    "/iam/security-credentials",
    "/iam/user?name=ken.suzuki&tab=security",
    "/iam/user?name=haruka.kato",
    "/iam/group?name=Office&tab=permissions",
    "/iam/group?name=Developers&tab=users",
    f"/iam/policy?arn={ARN}",
    "/iam/policies/create/visual?service=sts",
    "/iam/inline-policy?kind=user&name=haruka.kato&policy=MonthlyBills",
    "/iam/assign-mfa/passkey?name=x",
)
STATEMENT = """{"Version": "2012-10-17",
"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}"""
NAMING = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form")
TYPED = ("text", "password", "search", "")
UNASKED = {
    "is a step on the way: nothing is done yet": """
        assign-mfa, policies/create, policies/create=visual, policies/create/visual,
        policies/create/review=previous, policy/edit, policy/edit=visual, policy/edit/visual,
        policy/edit/review=previous, user/add-permissions, users/create/details,
        users/create/permissions""",
    "searches": """
        group/add-permissions=search, group/add-users=search, groups/create=search,
        user/add-permissions=search, user/boundary=search, users/create/permissions=search""",
    "changes a draft": """
        policies/create/visual=add, policies/create/visual=remove-1, policies/create/review=add-tag,
        policies/create/review=remove-1, policy/edit/visual=add, policy/edit/visual=remove-1,
        users/create/review=tag""",
    "inserts a preset; over a text that somebody typed it asks": """
        policies/create=aws, policies/create=first-login, policies/create=recommended,
        policy/edit=aws, policy/edit=first-login, policy/edit=recommended""",
    "adds what can be taken away again": """
        access-key/create, assign-mfa/app, assign-mfa/passkey, console-access=enable,
        group/add-permissions=add, group/add-users=add, groups/create=create,
        policies/create/review, policy/attach, policy/tag, user/add-permissions/review,
        user/boundary, user/tag, users/create/review, /s3/buckets""",
    "saves the text that its page shows": "inline-policy=save, policy/edit/review",
    "can be set back on the same page": "access-key/activate, policy/default-version",
    "has the old password typed, or two codes": """
        update-password, resync-mfa, /signin/new-password, /signin/resync""",
    "has the name typed": "group/delete, policy/delete, user/delete",
    "signs in or out": "/signin, /signin/mfa, /signout",
    "is the rehearsal's own": "/clock, /language, /prepare, /rail",
}
"""Why a button need not ask: reason -> `address=value`; one without a slash is in `/iam`."""
UNREAD = {
    "/iam/assign-mfa/passkey/options": "answers a script",
    "/signin/passkey/options": "answers a script",
    "/iam/policies/check": "answers a script",
    "/signin/passkey": "signs in: its page is for who has a passkey (`test_keyboard.py`)",
    "/aws-login": "signs in a command line (`test_site.py`)",
}
"""Why no page of `test_what_cannot_be_undone_is_asked_first` has a form for an address."""


def shown(page: Page, tag: str) -> list[Element]:
    return [each for each in page.all(tag) if "hidden" not in each.given]


def spoken_name(element: Element) -> str:
    return element.given.get("aria-label") or element.text


def faults_of(page: Page) -> Iterator[str]:
    """Yield what is wrong with a page."""
    ids = Counter(each.given["id"] for each in page.elements if "id" in each.given)
    yield from (f"twice: #{each}" for each, count in ids.items() if count > 1)
    for each in page.elements:
        for name in NAMING:
            yield from (
                f"{name}: no #{one}" for one in each.given.get(name, "").split() if one not in ids
            )
        kinds = set(each.given.get("class", "").split())
        if ("fault" in kinds or {"alert", "error"} <= kinds) and each.given.get("role") != "alert":
            yield f"no alert: {each.text}"
    buttons = [*shown(page, "button"), *shown(page, "summary")]
    names = Counter(map(spoken_name, buttons))
    yield from (f"which one: {name}" for name, count in names.items() if count > 1)


def pages_from(reader: Reader) -> Iterator[Page]:
    """Yield the pages that links lead to, one of each kind."""
    waiting, seen = list(STARTS), set[tuple[str, ...]]()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        asked = parse_qs(parts.query)
        kind = (
            parts.path,
            *asked.get("tab", ()),
            *(each for each in ("version", "service") if each in asked),
        )
        if parts.netloc or kind in seen or "form=csv" in address or not parts.path.startswith("/"):
            continue
        seen.add(kind)
        page = reader.get(address)
        yield page
        waiting += [each.given["href"] for each in page.all("a") if "href" in each.given]


def blank_forms(page: Page) -> Iterator[Element]:
    """Yield the forms with a field that is required."""
    for form in page.all("form", method="post"):
        fields = (each for each in page.all("input") if each.within("form") is form)
        if any("required" in each.given for each in fields):
            yield form


def answers_to_blank_forms(reader: Reader, page: Page) -> Iterator[tuple[Element, Page]]:
    """Send each form of a page with a field that is required, and nothing in its fields."""
    for form in blank_forms(page):
        reader.page = page
        fields = (each for each in page.all("input") if each.within("form") is form)
        blank = [each.given["name"] for each in fields if each.given.get("type") in TYPED]
        yield form, reader.send(form, **dict.fromkeys(blank, ""))


@pytest.mark.parametrize("user", ["yuki.tanaka", "hanako.sato"])
def test_every_form_says_what_belongs_to_it(user: str) -> None:
    with people.running_console() as console:
        people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
        reader = Reader(console)
        reader.send(reader.get("/").all("form", action="/rail")[0])
        assert not list(faults_of(reader.page))
        reader.sign_in(user)
        found: dict[str, list[str]] = {}
        for page in pages_from(reader):
            found[page.path] = list(faults_of(page))
            for form, answer in answers_to_blank_forms(reader, page):
                found[f"{form.given['action']} answered"] = list(faults_of(answer))
                (main,) = answer.all("main")
                title = answer.all("title")[0].text
                if "data-faulty" not in main.given or not title.startswith("Error: "):
                    found[f"{form.given['action']} title"] = [title]
        assert {path: said for path, said in found.items() if said} == {}
        assert len(found) > 20


def _presses(page: Page) -> Iterator[tuple[str, bool]]:
    """Yield what each button of a page does, and whether it asks before, in the one way."""
    for button in page.all("button"):
        form = button.within("form")
        if elsewhere := button.given.get("form"):
            (form,) = page.all("form", id=elsewhere)
        if form is None or form.given.get("method") != "post" or "disabled" in button.given:
            continue
        if button.given.get("type") == "button":
            continue
        address = form.given["action"].partition("?")[0].removeprefix("/iam/")
        value = "" if address in ("/clock", "/language") else button.given.get("value", "")
        details = button.within("details")
        asks = details is not None and details.given.get("class") == "ask"
        yield f"{address}={value}".rstrip("="), asks


def _prepared(console: people.RunningConsole) -> None:
    """Have something there of whatever can be taken away."""
    people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
    api, tags = people.administrator_api(console), [{"Key": "Purpose", "Value": "2026"}]
    api.call("iam", "TagPolicy", PolicyArn=ARN, Tags=tags)
    api.call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName="left")
    api.call("iam", "PutUserPermissionsBoundary", UserName="ken.suzuki", PermissionsBoundary=ARN)
    (key,) = api.call("iam", "ListAccessKeys", UserName="deploy-bot")["AccessKeyMetadata"]
    api.call(
        "iam",
        "UpdateAccessKey",
        UserName="deploy-bot",
        AccessKeyId=key["AccessKeyId"],
        Status="Inactive",
    )


def _all_pages(console: people.RunningConsole, language: Language = Language.EN) -> Iterator[Page]:
    """Yield pages of every kind, those of wizards, too."""
    reader = Reader(console, language)
    yield reader.send(reader.get("/").all("form", action="/rail")[0])
    yield reader.get("/signin")
    yield reader.fill("/signin", user="yuki.tanaka", password=console.password("yuki.tanaka"))
    yield reader.get("/signin/resync")
    yield reader.sign_in()
    yield from pages_from(reader)
    for path in ("/iam/user?name=deploy-bot&tab=security", "/iam/console-access?user=deploy-bot"):
        yield reader.get(path)
    for path in ("/iam/policies/create", f"/iam/policy/edit?arn={ARN}"):
        reader.get(path)
        yield reader.fill(path.partition("?")[0], document=STATEMENT)
    yield reader.get("/iam/policies/create/visual?service=sts")
    yield reader.get(f"/iam/policy/edit/visual?arn={ARN}&service=sts")
    reader.get("/iam/policies/create/review")
    yield reader.fill("/iam/policies/create/review", do="add-tag")
    reader.get("/iam/users/create?begin=yes")
    yield reader.fill("/iam/users/create/details", name="misaki.ito")
    yield reader.fill("/iam/users/create/permissions")
    reader.get("/iam/user/add-permissions?name=ken.suzuki")
    yield reader.fill("/iam/user/add-permissions", way="attach", policies=ARN)
    reader.get("/iam/assign-mfa?user=misaki.ito")
    yield reader.fill("/iam/assign-mfa", name="phone", kind="app")
    newcomer = Reader(console, language)
    newcomer.get("/signin")
    name = "daiki.kobayashi"
    yield newcomer.fill("/signin", user=name, password=console.password(name))


def test_what_cannot_be_undone_is_asked_first() -> None:
    """Every button of every form asks, or is listed with the reason why not."""
    with people.running_console() as console:
        _prepared(console)
        found = {each for page in _all_pages(console) for each in _presses(page)}
        rules = list(console_site(console.rehearsal).app.url_map.iter_rules())
    unasked = {each for listed in UNASKED.values() for each in re.split(r",\s+", listed.strip())}
    assert {each for each, asks in found if not asks} == unasked
    addresses = {each.partition("=")[0] for each, _ in found}
    full = {each if each.startswith("/") else f"/iam/{each}" for each in addresses}
    posted = {each.rule for each in rules if "POST" in (each.methods or ())}
    assert {each for each in posted if not _matched(each, full)} == UNREAD.keys()


def _matched(rule: str, addresses: set[str]) -> bool:
    pattern = re.sub(
        r"<any\(([^)]+)\):\w+>", lambda found: f"({found[1]})".replace(", ", "|"), rule
    )
    return any(re.fullmatch(pattern, each) for each in addresses)


class Spoken(HTMLParser):
    """The texts of a page and of attributes, but for code and what is marked as English."""

    _QUIET = ("code", "pre", "script", "style", "textarea")
    _READ = (
        "alt",
        "aria-label",
        "data-done",
        "data-failed",
        "data-known",
        "data-none",
        "placeholder",
    )

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._quiet: list[bool] = []
        self.feed(page.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = tag in self._QUIET or (tag != "html" and given.get("lang") == "en")
        if not own and not any(self._quiet):
            self.texts |= {given[name] or "" for name in self._READ if name in given}
        if tag not in VOID:
            self._quiet.append(own)

    def handle_endtag(self, _tag: str) -> None:
        self._quiet.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._quiet):
            self.texts.add(" ".join(data.split()))


def _said_in_english(part: object) -> Iterator[str]:
    """Yield what a table says in English and in other words in Japanese."""
    if isinstance(part, Message) and part.en != part.ja:
        yield part.en
    if isinstance(part, dict):
        for each in part.values():
            yield from _said_in_english(each)


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:,? [a-z]{2,}){2,}")
"""Three words in a row, the names of services aside."""
AWS_S_OWN = (
    *("None", "AWS: Policy statement must contain", "AWS の応答: "),
    "Lets developers assume the role Ops.",
)
"""What AWS says in Japanese, too, and the description of a policy of the example company."""


def _pages_and_answers(console: people.RunningConsole) -> Iterator[Page]:
    yield from _all_pages(console, Language.JA)
    reader = Reader(console, Language.JA)
    reader.sign_in("yuki.tanaka")
    for page in pages_from(reader):
        yield from (answer for _, answer in answers_to_blank_forms(reader, page))


def test_no_page_in_japanese_has_english_left() -> None:
    words = {each for name in ("console", "web") for each in _said_in_english(table(name))}
    services = {catalogue.load().service_name(each) for each in catalogue.load().services()}
    found: dict[str, str] = {}
    with people.running_console() as console:
        _prepared(console)
        for page in _pages_and_answers(console):
            for text in Spoken(page).texts:
                phrase = ENGLISH.search(text) and text.rpartition(" (")[0] not in services
                if text in words or (phrase and text not in services):
                    found.setdefault(text, page.path)
    assert {each for each in found if not each.startswith(AWS_S_OWN)} == set(), found
    assert len(words) > 500
