"""The question before a change: how it may be answered.

Reads `sekisho.cli.rollout.applying` itself, because the commands that ask change an account.
"""

import click
import pytest
from click.testing import CliRunner

from sekisho.cli.rollout.applying import confirm
from sekisho.messages import Language, Message


@pytest.mark.parametrize(
    ("given", "agreed", "asked"),
    [
        ("y\n", True, 1),
        ("YES\n", True, 1),
        ("はい\n", True, 1),
        ("ｙ\n", True, 1),
        ("いいえ\n", False, 1),
        ("n\n", False, 1),
        ("\n", False, 1),
        ("", False, 1),
        ("多分\nはい\n", True, 2),
        ("maybe\nno\n", False, 2),
    ],
)
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (Language.EN, ("Answer y or n.", "Nothing has been changed.")),
        (Language.JA, ("y (はい) または n (いいえ) で答えてください。", "何も変更していません。")),
    ],
)
def test_a_question_is_answered_in_either_language(
    given: str, agreed: bool, asked: int, lang: Language, words: tuple[str, str]
) -> None:
    again, unchanged = words

    @click.command()
    def ask() -> None:
        confirm(Message.both("Go?", "実行しますか?"), lang, yes=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
        done = CliRunner().invoke(ask, input=given)
    assert done.exit_code == (0 if agreed else 2)
    assert done.stderr.count("[y/N]") == asked
    assert done.stderr.count(again) == asked - 1
    assert (unchanged in done.stderr) is not agreed
