"""Draw the two diagrams of the documentation as SVG, in both languages.

    python tools/diagrams.py

`rollout` shows the steps of a roll-out, `decision` what Force_MFA decides about a request. Each
picture has its own background, so that it can be read on a light and on a dark page, and follows
the reader's colour scheme. `tests/docs/test_site.py` holds the files to this.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "images"
Words = dict[str, str]

STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de }
  .box { fill: #f3f6fa; stroke: #57606a }
  .good { fill: #e6f4ea; stroke: #1a7f37 }
  .bad { fill: #fdecea; stroke: #b3261e }
  .line { fill: none; stroke: #57606a; stroke-width: 1.5 }
  .head { fill: #57606a }
  text { font: 14px system-ui, "Noto Sans CJK JP", sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .code { font-family: ui-monospace, "Noto Sans Mono CJK JP", monospace; font-size: 13px }
  .small { font-size: 12.5px; fill: #57606a }
  @media (prefers-color-scheme: dark) {
    .page { fill: #131619; stroke: #3d444d }
    .box { fill: #20262d; stroke: #9198a1 }
    .good { fill: #12301c; stroke: #3fb950 }
    .bad { fill: #3a1614; stroke: #f85149 }
    .line { stroke: #9198a1 }
    .head { fill: #9198a1 }
    text { fill: #f0f3f6 }
    .small { fill: #b7bdc8 }
  }
"""

ROLLOUT_TITLE = {"en": "A roll-out with sekisho, step by step", "ja": "sekisho による導入の手順"}
ROLLOUT = [
    (
        "sekisho audit",
        {"en": "Look", "ja": "調べる"},
        {
            "en": ["Who has MFA,", "who would be", "locked out"],
            "ja": ["MFA のある人、", "サインインできなく", "なる人がわかる"],
        },
    ),
    (
        "sekisho plan",
        {"en": "Plan", "ja": "計画する"},
        {
            "en": ["Refused if somebody", "would be locked out", "or a key would stop"],
            "ja": ["誰かが締め出される、", "またはキーが止まる", "計画は適用できない"],
        },
    ),
    (
        "sekisho notify",
        {"en": "Tell people", "ja": "知らせる"},
        {
            "en": ["A text for each:", "what to do, and", "by which day"],
            "ja": ["一人ひとりに、", "することと", "期限を伝える"],
        },
    ),
    (
        "sekisho apply",
        {"en": "Apply", "ja": "適用する"},
        {
            "en": ["A pilot first, then", "everybody; each is", "checked again"],
            "ja": ["少人数から始め、", "全員へ。直前に", "もう一度確認する"],
        },
    ),
    (
        "sekisho prove",
        {"en": "Prove", "ja": "証明する"},
        {
            "en": ["No request passes", "without MFA: proved", "for every request"],
            "ja": ["MFA なしで通る", "リクエストがないことを", "すべてについて示す"],
        },
    ),
]
NOTHING_CHANGES = {"en": "Nothing is changed up to here", "ja": "ここまでは何も変更しない"}
ROLLBACK = {
    "en": "sekisho rollback: takes back what apply did",
    "ja": "sekisho rollback: 適用した変更を元に戻す",
}

DECISION_TITLE = {
    "en": "What Force_MFA decides about a request",
    "ja": "Force_MFA がリクエストをどう判定するか",
}
REQUEST = {"en": "A request of an IAM user", "ja": "IAM ユーザーのリクエスト"}
WITH_MFA = {"en": "Was the session made with MFA?", "ja": "MFA ありのセッションか"}
KEY = "aws:MultiFactorAuthPresent"
EXEMPT = {"en": "Is it needed to set up MFA?", "ja": "MFA の設定に必要な操作か"}
EXEMPT_TOO = {
    "en": "own user only: device, password, own details",
    "ja": "自分のユーザーだけ: デバイス、パスワード、自分の情報",
}
OTHERS = {"en": "As the user's other policies say", "ja": "ほかのポリシーの許可に従う"}
ALLOWED = {"en": "Allowed", "ja": "許可"}
DENIED = {"en": "Denied", "ja": "拒否"}
DENIED_TOO = {
    "en": "whatever another policy allows",
    "ja": "ほかのポリシーが許可していても",
}
YES = {"en": "yes: “true”", "ja": "はい: “true”"}
NO = {
    "en": "no: “false”, or no such key (access key)",
    "ja": "いいえ: “false”、またはキーがない (アクセスキー)",
}
IT_IS = {"en": "yes", "ja": "はい"}
IT_IS_NOT = {"en": "no", "ja": "いいえ"}


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Return a line of text."""
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str = "box") -> str:
    """Return a box."""
    size = f'width="{width}" height="{height}"'
    return f'<rect x="{x}" y="{y}" {size} rx="8" class="{kind}"/>'


def arrow(path: str) -> str:
    """Return an arrow along a path."""
    return f'<path d="{path}" class="line" marker-end="url(#head)"/>'


def picture(width: int, height: int, title: str, description: str, parts: Iterator[str]) -> str:
    """Return a whole picture, with its title and description for who does not see it."""
    head = (
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0 8 4 0 8z" class="head"/></marker>'
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>{STYLE}</style>",
        f"<defs>{head}</defs>",
        box(0.5, 0.5, width - 1, height - 1, "page"),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def rollout(lang: str) -> str:
    """Return the steps of a roll-out."""
    wide, gap, top = 166, 26, 62

    def parts() -> Iterator[str]:
        for number, (command, name, does) in enumerate(ROLLOUT):
            x = 20 + number * (wide + gap)
            kind = "good" if number == len(ROLLOUT) - 1 else "box"
            yield box(x, top, wide, 148, kind)
            yield text(x + wide / 2, top + 28, f"{number + 1}. {name[lang]}", "title")
            yield text(x + wide / 2, top + 52, command, "code")
            for line, words in enumerate(does[lang]):
                yield text(x + wide / 2, top + 82 + 21 * line, words, "small")
            if number:
                yield arrow(f"M{x - gap} {top + 74}H{x - 2}")
        end = 20 + 3 * wide + 2 * gap
        yield f'<path d="M20 46V36H{end}V46" class="line"/>'
        yield text((20 + end) / 2, 26, NOTHING_CHANGES[lang], "small")
        applied, looked = 20 + 3 * (wide + gap) + wide / 2, 20 + wide / 2
        yield arrow(f"M{applied} {top + 148}V246H{looked}V{top + 151}")
        yield text((applied + looked) / 2, 266, ROLLBACK[lang], "small")

    steps = " ".join(
        f"{number}. {name[lang]} ({command}): {' '.join(does[lang])}."
        for number, (command, name, does) in enumerate(ROLLOUT, 1)
    )
    said = f"{steps} {NOTHING_CHANGES[lang]}: 1–3. {ROLLBACK[lang]}."
    return picture(974, 284, ROLLOUT_TITLE[lang], said, parts())


def decision(lang: str) -> str:
    """Return what the policy decides about a request."""

    def parts() -> Iterator[str]:
        yield box(80, 20, 300, 44)
        yield text(230, 47, REQUEST[lang], "title")
        yield arrow("M230 64V96")
        yield box(40, 98, 380, 66)
        yield text(230, 125, WITH_MFA[lang], "title")
        yield text(230, 148, KEY, "code")
        yield arrow("M420 131H540")
        yield text(480, 122, YES[lang], "small")
        yield box(542, 98, 270, 66, "good")
        yield text(677, 136, OTHERS[lang], "title")
        yield arrow("M230 164V216")
        yield text(240, 195, NO[lang], "small", "start")
        yield box(40, 218, 380, 66)
        yield text(230, 245, EXEMPT[lang], "title")
        yield text(230, 268, EXEMPT_TOO[lang], "small")
        yield arrow("M420 251H540")
        yield text(480, 242, IT_IS[lang], "small")
        yield box(542, 218, 270, 66, "good")
        yield text(677, 256, ALLOWED[lang], "title")
        yield arrow("M230 284V336")
        yield text(240, 315, IT_IS_NOT[lang], "small", "start")
        yield box(80, 338, 300, 66, "bad")
        yield text(230, 365, DENIED[lang], "title")
        yield text(230, 388, DENIED_TOO[lang], "small")

    said = (
        f"{REQUEST[lang]}. {WITH_MFA[lang]} ({KEY}) {YES[lang]}: {OTHERS[lang]}. {NO[lang]}: "
        f"{EXEMPT[lang]} ({EXEMPT_TOO[lang]}) {IT_IS[lang]}: {ALLOWED[lang]}. {IT_IS_NOT[lang]}: "
        f"{DENIED[lang]}, {DENIED_TOO[lang]}."
    )
    return picture(832, 424, DECISION_TITLE[lang], said, parts())


def diagrams() -> dict[str, str]:
    """Return each diagram by the name of its file."""
    drawn = {"steps": rollout, "decision": decision}
    return {
        f"{name}.{lang}.svg": draw(lang) for name, draw in drawn.items() for lang in ("en", "ja")
    }


if __name__ == "__main__":
    for name, svg in diagrams().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
