"""What axe does not see of the console's forms, on every page that links lead to, in process.

A hint or fault that a field names exists; what is refused is an alert, and the title says so;
buttons of one name say what they act on; what cannot be undone is asked first.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

import web_people as people
from sekisho.policy import Preset
from web_forms import Element, Page, Reader

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
NAMING = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form")
TYPED = ("text", "password", "search", "")


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
        if each.tag == "button" and "danger" in kinds and not _asks(page, each):
            yield f"not asked: {each.text}"
    buttons = [*shown(page, "button"), *shown(page, "summary")]
    names = Counter(map(spoken_name, buttons))
    yield from (f"which one: {name}" for name, count in names.items() if count > 1)


def _asks(page: Page, button: Element) -> bool:
    """Tell whether a button is folded up, leads to a page that asks, or to a draft."""
    details, form = button.within("details"), button.within("form")
    if elsewhere := button.given.get("form"):
        (form,) = page.all("form", id=elsewhere)
    if details is not None and details.given.get("class") == "ask":
        return True
    typed = (each for each in page.all("input") if each.within("form") is form)
    asks = any(each.given.get("type") in TYPED and "required" in each.given for each in typed)
    leads_on = form is not None and form.given.get("method") != "post"
    return asks or leads_on or (form is not None and form.given["action"].endswith("/visual"))


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
            for form in blank_forms(page):
                reader.page = page
                fields = (each for each in page.all("input") if each.within("form") is form)
                blank = [each.given["name"] for each in fields if each.given.get("type") in TYPED]
                answer = reader.send(form, **dict.fromkeys(blank, ""))
                found[f"{form.given['action']} answered"] = list(faults_of(answer))
                (main,) = answer.all("main")
                title = answer.all("title")[0].text
                if "data-faulty" not in main.given or not title.startswith("Error: "):
                    found[f"{form.given['action']} title"] = [title]
        assert {path: said for path, said in found.items() if said} == {}
        assert len(found) > 20
