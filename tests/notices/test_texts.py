"""What each text says, in both languages: nothing that a person needs is missing."""

from dataclasses import replace

import pytest

from notices.persons import ACCOUNT, CONTACT, PEOPLE, context, made, setting, written
from sekisho.messages import Language, Message, table
from sekisho.notices import DeviceName, NoticeForm, NoticeKind, NoticeSetting, Person, notice_of

ADDRESS = "https://example-corp.signin.aws.amazon.com/console"
DAY = {
    Language.EN: "Monday, 11 January 2027, 09:00 (Japan time)",
    Language.JA: "2027 年 1 月 11 日 (月) 09:00 (日本時間)",
}
END = {
    Language.EN: "until Thursday, 1 April 2027, 09:00 (Japan time)",
    Language.JA: "2027 年 4 月 1 日 (木) 09:00 (日本時間)",
}
LABELS = ("security_credentials", "mfa_section", "assign_mfa", "device_name", "add_mfa")
CODES = ("authenticator_app", "show_qr", "code_1", "code_2")
CLOCK = {Language.EN: "date and time", Language.JA: "日付と時刻"}
ONCE = {Language.EN: "each works only once", Language.JA: "1 回しか使えません"}
NEXT = {Language.EN: "must be consecutive", Language.JA: "連続する 2 つのコード"}
RED = {Language.EN: "Red boxes", Language.JA: "赤い枠"}
AGAIN = {Language.EN: "Sign out, and sign in again", Language.JA: "一度サインアウトし"}
BY_APP = [
    name
    for name, person in PEOPLE.items()
    if NoticeKind.ENROL in person.kinds and (person.keys or not person.lacks_passkey)
]
"""Who may set up an app."""
each_language = pytest.mark.parametrize("language", Language)
each_person = pytest.mark.parametrize("name", PEOPLE)


def _labels(keys: tuple[str, ...], language: Language) -> list[str]:
    """Return words of the console, as the table has them."""
    return [table("console")[key]["text"].into(language) for key in keys]


@each_language
@each_person
def test_every_text_names_what_a_person_needs(name: str, language: Language) -> None:
    person = PEOPLE[name]
    text = written(person, NoticeForm.TEXT, language)
    assert person.user in text
    assert CONTACT in text
    assert ACCOUNT in text
    machine = NoticeKind.MACHINE in person.kinds or person.kind.of_rule
    assert (ADDRESS in text) is not machine
    assert ("AKIAEXAMPLE0USED" in text) is bool(person.keys)
    if person.until:
        assert END[language] in text
    elif person.day and not person.enforced:
        assert DAY[language] in text
    assert "†" not in text
    assert "{" not in text


@each_language
@pytest.mark.parametrize("name", BY_APP)
def test_who_must_enrol_is_told_every_step(name: str, language: Language) -> None:
    text = written(PEOPLE[name], NoticeForm.TEXT, language)
    for label in _labels((*LABELS, *CODES), language):
        assert label in text
    for said in (CLOCK, ONCE, NEXT, RED, AGAIN):
        assert said[language] in text


@each_language
def test_who_only_uses_the_console_is_told_of_passkeys_first(language: Language) -> None:
    (passkey, app) = _labels(("passkey", "authenticator_app"), language)
    text = written(PEOPLE["enrol"], NoticeForm.TEXT, language)
    quoted = table("notices")["labels"]["quoted"].into(language).partition("{")[0]
    assert text.index(f"{quoted}{passkey}") < text.index(f"{quoted}{app}")
    # a passkey gives no code for the command line
    assert passkey not in written(PEOPLE["temporary password"], NoticeForm.TEXT, language)


@each_language
def test_a_temporary_password_comes_with_the_rules_of_the_account(language: Language) -> None:
    text = written(PEOPLE["temporary password"], NoticeForm.TEXT, language)
    rules = {Language.EN: "at least 14 characters, a capital letter", Language.JA: "14 文字以上"}
    assert rules[language] in text
    at = replace(setting(), password_policy=None)
    usual = {Language.EN: "at least 8 characters of three", Language.JA: "8 文字以上で"}
    assert usual[language] in written(PEOPLE["temporary password"], NoticeForm.TEXT, language, at)
    unread = replace(at, rules_read=False)
    shown = written(PEOPLE["temporary password"], NoticeForm.TEXT, language, unread)
    assert usual[language] not in shown


def test_a_password_that_can_be_changed_only_before_is_said_so() -> None:
    before = written(PEOPLE["temporary password, before the day"], NoticeForm.TEXT, Language.EN)
    assert "Change it before Monday, 11 January 2027" in before
    waits = written(PEOPLE["temporary password, first"], NoticeForm.TEXT, Language.EN)
    assert "MFA becomes mandatory for you only after that" in waits


@each_language
def test_who_is_asked_for_a_passkey_is_told_of_no_other_device(language: Language) -> None:
    (passkey, app, code) = _labels(("passkey", "authenticator_app", "code_1"), language)
    for name in ("enrol, passkey asked for", "ready, passkey asked for"):
        text = written(PEOPLE[name], NoticeForm.TEXT, language)
        assert passkey in text
        assert app not in text
        assert code not in text
        assert CLOCK[language] not in text
        # who has a device signs in with MFA: nothing of the page is missing
        red = {Language.EN: "Red boxes", Language.JA: "赤い枠"}[language]
        assert (red in text) is name.startswith("enrol")
    # who has keys needs both: a passkey gives no code
    both = written(PEOPLE["enrol, passkey and app"], NoticeForm.TEXT, language)
    assert both.index(app) < both.index(code) < both.rindex(passkey)


def test_nobody_is_sent_to_enrol_before_they_may() -> None:
    early = "Please set it up before then"
    late = "Please do so at your first sign-in from then"
    assert early in written(PEOPLE["enrol"], NoticeForm.TEXT, Language.EN)
    text = written(PEOPLE["enrol from then on"], NoticeForm.TEXT, Language.EN)
    assert late in text
    assert early not in text
    # by then the policy is attached
    enforced = replace(PEOPLE["enrol from then on"], enforced=True)
    assert "Please set it up today" in written(enforced, NoticeForm.TEXT, Language.EN)
    exempt = written(PEOPLE["exempt, and not before"], NoticeForm.TEXT, Language.EN)
    assert late in exempt
    assert "you can do so today" not in exempt


def test_who_has_only_a_passkey_is_told_both_ways_of_the_command_line() -> None:
    text = written(PEOPLE["passkey only"], NoticeForm.TEXT, Language.EN)
    assert "`aws login`" in text
    assert "second device" in text
    assert "mfa-login" not in text


def test_the_name_of_a_device_is_exact_where_the_policy_takes_no_other() -> None:
    exact = made(PEOPLE["enrol"], setting(), exact=True)
    said = " ".join(text.en for text in exact.texts)
    assert "type exactly this name" in said
    assert "type another device name" not in said
    free = " ".join(text.en for text in made(PEOPLE["enrol"], setting()).texts)
    assert "any other name that is not in use" in free


@pytest.mark.parametrize(
    "kind", [kind for kind in NoticeKind if not kind.is_notice], ids=lambda kind: kind.value
)
def test_what_is_no_notice_has_no_text(kind: NoticeKind) -> None:
    person = replace(PEOPLE["enrol"], kinds=(kind,))
    assert notice_of(person, setting(), DeviceName("aki")) is None


def _addressed(**values: str) -> NoticeSetting:
    return replace(setting(), **values)


@pytest.mark.parametrize(
    ("at", "address"),
    [
        (_addressed(), ADDRESS),
        (_addressed(alias=""), f"https://{ACCOUNT}.signin.aws.amazon.com/console"),
        (
            _addressed(partition="aws-cn"),
            "https://example-corp.signin.amazonaws.cn/console",
        ),
        (
            _addressed(partition="aws-us-gov"),
            "https://example-corp.signin.amazonaws-us-gov.com/console",
        ),
        (_addressed(partition="aws-iso"), ""),
        (_addressed(alias="evil.example/"), f"https://{ACCOUNT}.signin.aws.amazon.com/console"),
        (_addressed(alias="EVIL"), f"https://{ACCOUNT}.signin.aws.amazon.com/console"),
        (_addressed(alias="", account="evil.example/#"), ""),
    ],
)
def test_the_address_is_that_of_the_account_and_no_other(at: NoticeSetting, address: str) -> None:
    person: Person = PEOPLE["enrol"]
    assert context(person, Language.EN, at).address == address
    if not address:
        assert "the address at which you sign in to AWS today" in written(
            person, NoticeForm.TEXT, Language.EN, at
        )


@pytest.mark.parametrize(
    ("zone", "en", "until"),
    [
        (
            "UTC",
            "Monday, 11 January 2027 (UTC)",
            "until the end of Wednesday, 31 March 2027 (UTC)",
        ),
        (
            "America/Los_Angeles",
            "Sunday, 10 January 2027, 16:00 (America/Los_Angeles)",
            "until Wednesday, 31 March 2027, 17:00 (America/Los_Angeles)",
        ),
    ],
)
def test_days_are_said_with_weekday_and_zone(zone: str, en: str, until: str) -> None:
    at = setting(zone=zone)
    assert f"From {en}" in written(PEOPLE["enrol"], NoticeForm.TEXT, Language.EN, at)
    assert until in written(PEOPLE["exempt"], NoticeForm.TEXT, Language.EN, at)


def test_a_word_of_the_console_that_is_not_sure_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = {**table("console"), "add_mfa": {**table("console")["add_mfa"], "sure": False}}
    tables = {"console": unsure, "notices": table("notices")}
    monkeypatch.setattr("sekisho.notices.notice.table", tables.__getitem__)
    texts = [text.en for text in made(PEOPLE["enrol"], setting()).texts]
    assert any("“Add MFA”†" in text for text in texts)
    assert "† This wording may differ on your screen." in texts


@each_language
@pytest.mark.parametrize(
    "name", ["ready, another device from then on", "ready, passkey from then on"]
)
def test_nobody_is_asked_to_add_a_device_that_they_may_not_add_yet(
    name: str, language: Language
) -> None:
    ready = table("notices")["ready"]
    later = ready["passkey_later" if "passkey" in name else "section"]
    whole: Message = later if isinstance(later, Message) else later["second_later"]
    text = whole.into(language).split("{")[0]
    assert text in written(PEOPLE[name], NoticeForm.TEXT, language)
    for able in ({"may_enrol_now": True}, {"enforced": True}):
        assert text not in written(replace(PEOPLE[name], **able), NoticeForm.TEXT, language)
