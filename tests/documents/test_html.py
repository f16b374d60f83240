"""Pages in one file: what their scripts do, and that they are scripts at all.

Reads `tour.guide` for a page that only a guide has.
"""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from audit.small_accounts import snapshot_of, to_html
from chromium import CHROMIUM, FLAGS, needs_chromium
from pages import Page
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.documents import html
from sekisho.documents.guide import to_html as to_html_guide
from sekisho.documents.html import html_page, ticked
from sekisho.messages import Language
from sekisho.policy import Preset, choices_of, force_mfa, render
from sekisho.tour.guide import admin

SCRIPTS = sorted(Path(html.__file__).parent.glob("*.js"))
NODE = shutil.which("node")


def _shown(page: str, script: str, tmp_path: Path) -> str:
    """Return what a script, run at the end of a page, leaves in an element of its own."""
    # only our test's script is not named in the page's security policy
    opened = re.sub(r"<meta http-equiv[^>]*>", "", page)
    path = tmp_path / "page.html"
    path.write_text(f"{opened}<pre id=shown></pre><script>{script}</script>", encoding="utf-8")
    command = [CHROMIUM, *FLAGS, "--headless", "--disable-gpu", "--dump-dom"]
    # long enough for what happens after loading: time is not waited for, but moved on
    command.append("--virtual-time-budget=2000")
    command.append(f"--user-data-dir={tmp_path / 'profile'}")
    done = subprocess.run(  # noqa: S603 - a browser of this machine, and our own page
        [*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    found = re.search(r'<pre id="shown">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.skipif(NODE is None, reason="no node here")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_no_fault_of_syntax(script: Path) -> None:
    assert NODE is not None
    command = [NODE, "--check", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own file
    assert (done.returncode, done.stderr) == (0, "")


@needs_chromium
def test_users_are_sorted_filtered_and_found_again(tmp_path: Path) -> None:
    users = {f"user{number}": {"password": {}} for number in (10, 9, 1)}
    users["ci"] = {"keys": [{"used": 1}]}
    report = audit_account(snapshot_of({"users": users}), Exceptions(), version="1")
    script = """
      const head = document.querySelector("#users [role=button]"), said = [];
      const input = document.querySelector("#users input");
      const kinds = document.querySelector("#users select");
      const say = () => said.push([...document.querySelectorAll("#users tbody tr")]
        .filter((row) => !row.hidden).map((row) => row.cells[0].textContent).join());
      head.click(); say(); head.click(); say();
      input.value = "USER 1"; input.dispatchEvent(new Event("input")); say();
      input.value = ""; kinds.value = "machine"; kinds.dispatchEvent(new Event("change")); say();
      said.push(document.querySelector("#users output").textContent);
      addEventListener("hashchange", () => {
        say();
        document.getElementById("shown").textContent = said.join(" ");
      });
      location.hash = [...document.links].find((each) => each.textContent === "user9").hash;
    """
    assert _shown(to_html(report, Language.EN), script, tmp_path).split(" ", 4) == [
        "ci,user1,user9,user10",
        "user10,user9,user1,ci",
        "user10,user1",
        "ci",
        "1 / 4 user10,user9,user1,ci",
    ]


@needs_chromium
def test_a_button_copies_the_policy_or_selects_it(tmp_path: Path) -> None:
    choices = choices_of(Preset.FIRST_LOGIN)
    script = """
      const said = [], button = document.querySelector("button[data-copies]");
      const output = document.querySelector("button + output");
      const clipboard = { writeText: async (text) => { said.push(text); } };
      Object.defineProperty(navigator, "clipboard", { get: () => clipboard });
      said.push(button.hidden);
      button.click();
      setTimeout(() => {
        said.push(output.textContent);
        clipboard.writeText = async () => { throw new Error("not permitted"); };
        button.click();
        setTimeout(() => {
          said.push(String(getSelection()), output.textContent);
          document.getElementById("shown").textContent = JSON.stringify(said);
        }, 50);
      }, 50);
    """
    shown = _shown(to_html_guide(admin(choices), Language.EN), script, tmp_path)
    hidden, copied, first, selected, second = json.loads(unescape(shown))
    policy = render(force_mfa(choices))
    assert (hidden, copied, selected) == (False, policy, policy)
    assert first == "Copied."
    assert second in ("Copied.", "Selected: press Ctrl+C or ⌘C.")


def test_a_page_permits_its_own_script_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("p { color: red }", encoding="utf-8")
    template = tmp_path / "some.html.jinja"
    template.write_text(
        '{% extends "layout.html.jinja" %}{% block main %}<p>{{ name }}</p>{% endblock %}',
        encoding="utf-8",
    )
    evil = "</p><script>alert(1)</script><p onclick='x'>"
    page = Page(html_page(template, "copy", Language.JA, {"title": evil, "name": evil}))
    assert page.lang == "ja"
    assert evil in page.text
    assert page.inline["style"].endswith("p { color: red }")
    assert "unsafe" not in page.security


def test_backticks_are_code_and_the_rest_is_escaped() -> None:
    assert ticked("`<a>` & b") == "<code>&lt;a&gt;</code> &amp; b"
    assert ticked("<a>") == "&lt;a&gt;"
