"""Templates of people's own: what is wrong with them is said at once, and they see texts alone."""

from pathlib import Path

import pytest

from notices.persons import PEOPLE, named, written
from sekisho.errors import FaultyInput, SekishoError
from sekisho.messages import Language
from sekisho.notices import NAMES, NoticeForm, Templates, write_our_templates

FORMS = (NoticeForm.TEXT, NoticeForm.MARKDOWN, NoticeForm.HTML)
TEXT = (NoticeForm.TEXT,)


def folder(path: Path, **texts: str) -> Path:
    """Return a folder with templates; `notice_txt` is `notice.txt.jinja`."""
    for name, text in texts.items():
        stem, _, form = name.rpartition("_")
        file = path / f"{stem.replace('_', '-')}.{form}.jinja"
        file.write_text(text, encoding="utf-8")
    return path


def said(error: FaultyInput) -> list[tuple[str, int, str]]:
    """Return the faults: file, line, message."""
    return [(fault.path, fault.line, fault.message.en) for fault in error.faults]


def own(path: Path, text: str, person: str = "enrol") -> str:
    templates = Templates(folder(path, notice_txt=text), TEXT)
    return written(PEOPLE[person], NoticeForm.TEXT, Language.EN, templates=templates)


def test_our_templates_make_the_same_from_a_folder(tmp_path: Path) -> None:
    files = write_our_templates(tmp_path / "mine")
    assert [path.name for path in files] == [
        "notice.html.jinja",
        "notice.md.jinja",
        "notice.txt.jinja",
    ]
    mine = Templates(tmp_path / "mine", FORMS)
    for form in FORMS:
        again = written(PEOPLE["enrol"], form, Language.JA, templates=mine)
        assert again == written(PEOPLE["enrol"], form, Language.JA)
    with pytest.raises(SekishoError, match="already exists"):
        write_our_templates(tmp_path / "mine")
    write_our_templates(tmp_path / "mine", replace=True)


def test_a_template_may_name_all_that_there_is(tmp_path: Path) -> None:
    text = "".join(f"{name}={{{{ {name} }}}}\n" for name in NAMES)
    shown = own(tmp_path, text)
    assert "user=aki\n" in shown
    assert "date=2027-01-11\n" in shown
    assert "device_exact=False\n" in shown


def test_a_kind_may_have_a_template_of_its_own(tmp_path: Path) -> None:
    folder(tmp_path, ready_txt="ready {{ user }}")
    assert own(tmp_path, "{{ user }}") == "aki"
    assert own(tmp_path, "{{ user }}", "ready") == "ready aki"


def test_every_fault_of_every_template_is_said_at_once(tmp_path: Path) -> None:
    made = folder(
        tmp_path,
        notice_txt="{{ user }}\n{{ usr }}\n{{ adress }}{{ usr }}\n",
        ready_txt="{% if %}",
        enrol_txt="{{ user | shout }}",
        key_stops_txt="{% include 'notice.txt.jinja' %}",
        enroll_txt="x",
    )
    with pytest.raises(FaultyInput) as caught:
        Templates(made, TEXT)
    found = said(caught.value)
    places = [(path, line) for path, line, _ in found]
    assert places == [
        ("enroll.txt.jinja", 0),
        ("enrol.txt.jinja", 1),
        ("key-stops.txt.jinja", 1),
        ("notice.txt.jinja", 3),
        ("notice.txt.jinja", 2),
        ("ready.txt.jinja", 1),
    ]
    messages = " ".join(message for *_, message in found)
    assert "`device_exact`" in messages
    for name in ("usr", "adress", "shout"):
        assert name in messages


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultyInput) as caught:
        Templates(folder(tmp_path, notice_txt="{{ user }}"), FORMS)
    assert [message for *_, message in said(caught.value)] == [
        "`notice.md.jinja` is missing",
        "`notice.html.jinja` is missing",
    ]
    with pytest.raises(FaultyInput, match="cannot be read"):
        Templates(tmp_path / "nowhere", TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "\n{% for fact in facts %}{{ fact.nam }}{% endfor %}",
        "\n{{ kinds[7] }}",
        "\n{{ user.__class__ }}",
        "\n{{ user.__class__.__mro__ }}",
        "\n{{ kinds.append('x') }}",
        "\n{{ ''['format'].__globals__ }}",
        "\n{{ user / 2 }}",
    ],
)
def test_what_fails_is_named_with_its_line_and_reaches_no_object(tmp_path: Path, text: str) -> None:
    with pytest.raises(FaultyInput) as caught:
        own(tmp_path, text)
    ((path, line, message),) = said(caught.value)
    assert (path, line) == ("notice.txt.jinja", 2)
    assert "0x" not in message


@pytest.mark.parametrize(
    "text",
    [
        "{% macro a(x) %}{{ a(x) }}{% endmacro %}{{ a(user) }}",
        "{% for fact in facts recursive %}{{ loop(facts) }}{% endfor %}",
        "{{ " + "(" * 5000 + "user" + ")" * 5000 + " }}",
        "{% if user %}" * 5000 + "{% endif %}" * 5000,
    ],
    ids=["macro", "loop", "parentheses", "blocks"],
)
def test_a_template_without_an_end_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(FaultyInput, match="calls itself endlessly") as caught:
        own(tmp_path, text)
    ((path, _, _),) = said(caught.value)
    assert path == "notice.txt.jinja"


@pytest.mark.parametrize("name", ["range", "lipsum", "cycler", "self", "config", "namespace"])
def test_there_is_nothing_but_texts(tmp_path: Path, name: str) -> None:
    with pytest.raises(FaultyInput, match="there is no value"):
        own(tmp_path, f"{{{{ {name} }}}}")


def test_a_page_of_ones_own_is_escaped_as_well(tmp_path: Path) -> None:
    templates = Templates(
        folder(tmp_path, notice_html="<p>{{ user }}{{ owner | code }}"), FORMS[2:]
    )
    shown = written(named("<b>{{7*7}}"), NoticeForm.HTML, Language.EN, templates=templates)
    assert shown == "<p>&lt;b&gt;{{7*7}}&lt;b&gt;{{7*7}}"
