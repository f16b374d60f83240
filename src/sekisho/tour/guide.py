"""The administrator's guide: the rehearsal's path by hand, for people who click.

Its texts are the table `guides` of the messages, the console's words the table `console`. The
policy in it is the one that `sekisho policy new` writes, the summary is the one that the console
will show, and what it says of the policy is decided by the engine. Only the console's own words are
known from pages about it; those that are not sure are marked.
"""

from collections.abc import Mapping
from typing import Any

from sekisho import __version__, catalogue, policy
from sekisho.audit.meaning import Meaning, ObjectOwner, Works, meaning, sentences
from sekisho.documents.guide import (
    Block,
    CodeBlock,
    Guide,
    GuideLink,
    GuideNote,
    GuideTable,
    Paragraph,
    Section,
    Steps,
    console_terms,
)
from sekisho.messages import table, verbatim
from sekisho.policy import Choices, Document

_ADDED = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
"""What is added to the exempt actions of AWS's sample, that a first sign-in works."""


def admin(choices: Choices) -> Guide:
    """Return the guide for an administrator, in both languages.

    Raises:
        FaultyPolicy: if the choices contradict each other.
    """
    document = policy.force_mfa(choices)
    meant = meaning(document, partition=choices.partition)
    changes_password = _works_without_mfa(meant, "iam:ChangePassword", ObjectOwner.OWN)
    enrols_with_path = _works_without_mfa(meant, "iam:EnableMFADevice", ObjectOwner.OWN_WITH_PATH)
    return Guide(
        title=_texts()["title"],
        lead=_texts()["lead"],
        sections=(
            _as_written("before"),
            _create(document, added=choices.password_change_without_mfa),
            _review(document, meant),
            _as_written("attach-user"),
            _as_written("attach-new-user"),
            _as_written("attach-group"),
            _first_sign_in(changes_password=changes_password),
            _people_see(changes_password=changes_password),
            _enrol(enrols_with_path=enrols_with_path),
            _command_line(choices.partition),
            _troubles(),
            _as_written("undo"),
            _choices(choices),
        ),
        terms=console_terms(),
        made_with=f"sekisho {__version__}, {meant.dated}",
    )


def _texts(section: str = "") -> Mapping[str, Any]:
    """Return the texts of a section, or those of the whole guide."""
    texts: Mapping[str, Any] = table("guides")["admin"]
    return texts[section] if section else texts


def _section(name: str, *blocks: Block) -> Section:
    return Section(name, _texts(name)["title"], blocks)


def _steps(name: str) -> Steps:
    return Steps(tuple(_texts(name)["steps"]))


def _as_written(name: str) -> Section:
    """Return a section that is the same for every policy."""
    texts = _texts(name)
    blocks: list[Block] = [_steps(name)]
    if "intro" in texts:
        blocks.insert(0, Paragraph(texts["intro"]))
    if "note" in texts:
        blocks.append(GuideNote(texts["note"]))
    if "closing" in texts:
        blocks.append(Paragraph(texts["closing"]))
    return _section(name, *blocks)


def _works_without_mfa(meant: Meaning, action: str, target: ObjectOwner) -> bool:
    """Tell whether an action works in a console session without MFA, as the engine says."""
    line = meant.line(action, target)
    return line is not None and line.works in (Works.WITHOUT_MFA, Works.CONSOLE_WITHOUT_MFA)


def _choices(choices: Choices) -> Section:
    """Return what the policy allows by choice, and what that costs."""
    texts = _texts("choices")
    rows = tuple(
        (choice.title, choice.allows, choice.costs)
        for choice in policy.explain(choices)
        if choice.chosen != "off"
    )
    columns = (texts["choice"], texts["allows"], texts["costs"])
    return _section("choices", GuideTable(texts["table"], columns, rows))


def _create(document: Document, *, added: bool) -> Section:
    """Return how to create the policy: the steps, the JSON to paste, the fields to fill in.

    Args:
        document: the policy.
        added: whether the change of a password is exempted, which AWS's sample does not do.
    """
    texts = _texts("create")
    rows = (
        (texts["name_field"], verbatim(policy.NAME)),
        (texts["description_field"], verbatim(policy.DESCRIPTION)),
        (verbatim("{add_tags}"), verbatim("Purpose = MFA")),
    )
    return _section(
        "create",
        _steps("create"),
        _json(policy.render(document), added=added),
        GuideLink(texts["aws_page"], texts["aws_address"]),
        GuideLink(texts["trade_off"], verbatim("#first-sign-in")),
        GuideLink(texts["chosen"], verbatim("#choices")),
        GuideTable(texts["table"], (texts["field"], texts["value"]), rows),
    )


def _json(text: str, *, added: bool) -> CodeBlock:
    """Return the policy to paste; what was added to AWS's exempt actions is set off."""
    texts = _texts("create")
    if not added:
        return CodeBlock(text, "json", texts["json"])
    lines = text.splitlines()
    begin = next(place for place, line in enumerate(lines) if '"NotAction"' in line)
    end = next(place for place in range(begin, len(lines)) if "]" in lines[place])
    marked = (place for place in range(begin, end) if lines[place].strip(' ",') in _ADDED)
    return CodeBlock(text, "json", texts["json"], frozenset(marked), texts["added"])


def _review(document: Document, meant: Meaning) -> Section:
    """Return what the console shows of the policy, and what the policy really means."""
    texts = _texts("review")
    summary = policy.summarise(document, catalogue.load())
    rows = tuple((heading, *row.cells) for heading, listed in summary.sections for row in listed)
    return _section(
        "review",
        GuideTable(texts["table"], (texts["section"], *policy.COLUMNS), rows),
        Paragraph(texts["consoles_own"]),
        Paragraph(texts["meaning"]),
        Steps(sentences(meant)),
        *(GuideNote(texts["warning"].filled(text=warning.text)) for warning in summary.warnings),
    )


def _first_sign_in(*, changes_password: bool) -> Section:
    """Return the trap of the temporary password, and whether this policy avoids it."""
    texts = _texts("first-sign-in")
    return _section(
        "first-sign-in",
        GuideNote(texts["works" if changes_password else "deadlock"]),
        _steps("first-sign-in"),
        Paragraph(texts["closing"]),
    )


def _people_see(*, changes_password: bool) -> Section:
    """Return what a user without a device sees after the policy is attached."""
    texts = _texts("people-see")
    new_password = texts["new_password" if changes_password else "new_password_refused"]
    items = (texts["succeeds"], new_password, texts["denied"], texts["set_up"])
    return _section("people-see", Steps(items))


def _enrol(*, enrols_with_path: bool) -> Section:
    """Return the steps of enrolment, for the person to follow."""
    texts = _texts("enrol")
    notes = [GuideNote(texts["note"])]
    if not enrols_with_path:
        notes.append(GuideNote(texts["path_locked_out"]))
    return _section("enrol", _steps("enrol"), *notes)


def _command_line(partition: str) -> Section:
    """Return what changes for those who use the AWS CLI."""
    commands = (
        "aws sts get-session-token \\\n"
        f"  --serial-number arn:{partition}:iam::ACCOUNT-ID:mfa/DEVICE-NAME \\\n"
        "  --token-code 123456"
    )
    return _section(
        "command-line",
        _steps("command-line"),
        CodeBlock(commands, "shell", _texts("command-line")["commands"]),
    )


def _troubles() -> Section:
    """Return the messages that people will bring, with cause and fix."""
    texts = _texts("troubles")
    rows = tuple((row["said"], row["fix"]) for row in texts["rows"])
    return _section("troubles", GuideTable(texts["table"], (texts["said"], texts["fix"]), rows))
