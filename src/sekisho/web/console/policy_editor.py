"""Creating a policy, and editing one: a page with its text, then a page with the rest.

What was typed is kept after every step under the page's path, so that nothing is lost by going
back, by a reload, or by a session that ends. A step that only keeps what was typed answers with
302, not 303: it may be sent again with another text.

Source: IAM User Guide, "Creating IAM policies (console)", "Editing IAM policies (console)".
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import policy
from sekisho.audit import SEVERITIES
from sekisho.audit.lint import Attachment
from sekisho.audit.meaning import CREDENTIALS, cell_text
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Preset, names
from sekisho.web.browsers import FlashKind
from sekisho.web.console.managed_policies import read_ahead
from sekisho.web.console.policies import document_of, indent_document
from sekisho.web.console.policy_text import (
    LONGEST,
    CheckedText,
    Problem,
    check_text,
    content,
    faults_text,
    truth,
)
from sekisho.web.console.session import (
    attempt,
    call,
    changed_elsewhere,
    mark_of,
    signed_in,
    state,
)
from sekisho.web.site import aws_text, flash, language, see_other, text

SCREEN = Blueprint("policy_editor", __name__)

_LIST = "/iam/policies"
_EMPTY = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Statement1",
            "Effect": "Allow",
            "Action": [],
            "Resource": []
        }
    ]
}"""
"""What the console's editor begins with."""
_TAG = re.compile(r"tag-key-([0-9]{1,2})")
_CHECK = "/iam/policies/check"
_KINDS = (Attachment.USER, Attachment.INLINE, Attachment.GROUP_INLINE)
"""What is written here: managed policies, and inline ones of users and of groups."""


@dataclass(frozen=True, slots=True)
class EditedText:
    """A text in the JSON editor, with what was found in it.

    Attributes:
        document: the text.
        attachment: what kind of policy it is to be.
        tried: whether it was sent, so that it is said on top what IAM would refuse it for.
        refusal: AWS's own answer to it; None if AWS was not asked, or took it.
    """

    document: str
    attachment: Attachment = Attachment.USER
    tried: bool = False
    refusal: Message | None = None
    severities: ClassVar = SEVERITIES

    @property
    def checked(self) -> CheckedText:
        """The problems of the text."""
        return check_text(self.document, self.attachment)

    @property
    def count(self) -> Message:
        """The number of its problems, as text."""
        return problem_count(self.checked)

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The problems that are shown on top."""
        return self.checked.refused if self.tried else ()

    @property
    def longest(self) -> int:
        """The characters that such policies may have; all inline ones of an identity together."""
        return longest(self.attachment)

    @property
    def check(self) -> str:
        """The address that the editor asks while somebody types."""
        return f"{_CHECK}?{urlencode({'as': self.attachment.word})}"


def longest(attachment: Attachment) -> int:
    """Return how many characters a kind of policy may have."""
    return LONGEST if attachment.quota is None else attachment.quota.number


@dataclass(frozen=True, slots=True)
class Wizard:
    """One of the two wizards.

    Attributes:
        arn: the policy that is edited; "" where one is created.
        path: the page with the text.
    """

    arn: str
    path: str

    @property
    def review(self) -> str:
        """The page with the rest."""
        return f"{self.path}/review"

    @property
    def visual(self) -> str:
        """The page with the visual side of the text."""
        return f"{self.path}/visual"

    def to(self, path: str) -> ResponseReturnValue:
        """Lead to a page of the wizard; the form that led there may be sent again."""
        query = f"?{urlencode({'arn': self.arn})}" if self.arn else ""
        return redirect(path + query, HTTPStatus.FOUND)

    def see(self, path: str) -> ResponseReturnValue:
        """Lead to a page of the wizard after a change that is not to be made twice."""
        return see_other(path, **({"arn": self.arn} if self.arn else {}))

    def draft(self, path: str) -> Mapping[str, str]:
        """Return the input of a page about this policy."""
        kept = state().typed.get(path, {})
        return kept if kept.get("arn", "") == self.arn else {}

    def keep(self, path: str, fields: Mapping[str, str]) -> None:
        """Keep what was typed on a page."""
        state().typed[path] = {**fields, "arn": self.arn}

    def drop(self) -> None:
        """Forget what was typed: it is done."""
        for path in (self.path, self.review):
            state().typed.pop(path, None)


def creation_wizard() -> Wizard:
    """Return the wizard that creates a policy."""
    return Wizard("", "/iam/policies/create")


def edit_wizard() -> Wizard:
    """Return the wizard that edits the policy which the request is about."""
    return Wizard(request.values.get("arn", ""), "/iam/policy/edit")


@SCREEN.post(_CHECK)
@signed_in
def check() -> ResponseReturnValue:
    """Say as JSON what is wrong with a text; the editor asks while somebody types."""
    kinds = {each.word: each for each in _KINDS}
    kind = kinds.get(request.args.get("as", ""), Attachment.USER)
    found, spoken = check_text(sent_document(), kind), language()
    problems = [
        {
            "severity": each.severity.value,
            "kind": SEVERITIES[each.severity].into(spoken),
            "id": each.id,
            "title": each.title.into(spoken),
            "said": each.said.into(spoken),
            "fix": "" if each.fix is None else each.fix.into(spoken),
            "line": each.line,
            "column": each.column,
            "where": text("policy_editor.line", line=each.line, column=each.column).into(spoken),
        }
        for each in found.problems
    ]
    return jsonify(
        problems=problems,
        count=problem_count(found).into(spoken),
        length=text("policy_editor.length", used=found.size, most=longest(kind)).into(spoken),
        gaps=[each.into(spoken) for each in found.gaps],
    )


def problem_count(found: CheckedText) -> Message:
    """Return how much was found, and how much of it IAM refuses."""
    if not found.problems:
        return text("policy_editor.nothing")
    if not found.refused:
        return text("policy_editor.count_accepted", all=len(found.problems))
    return text("policy_editor.count", refused=len(found.refused), all=len(found.problems))


@SCREEN.route("/iam/policies/create", methods=["GET", "POST"])
@signed_in
def create() -> ResponseReturnValue:
    """Ask for the text of a new policy."""
    wizard = creation_wizard()
    if request.method == "POST":
        return _keep_text(wizard)
    read_ahead()
    return editor(wizard, typed_document(wizard))


@SCREEN.route("/iam/policy/edit", methods=["GET", "POST"])
@signed_in
def edit() -> ResponseReturnValue:
    """Ask for the text of a new version of a policy."""
    wizard = edit_wizard()
    if not wizard.arn:
        return see_other(_LIST)
    if request.method == "POST":
        return _keep_text(wizard)
    return editor(wizard, typed_document(wizard))


def typed_document(wizard: Wizard) -> str:
    """Return the text as it was typed so far, or what the wizard begins with."""
    typed = wizard.draft(wizard.path).get("document")
    if typed is not None:
        return typed
    if not wizard.arn:
        return _EMPTY
    shown = call("iam", "GetPolicy", PolicyArn=wizard.arn)["Policy"]
    return indent_document(document_of(wizard.arn, shown["DefaultVersionId"]))


def _keep_text(wizard: Wizard) -> ResponseReturnValue:
    """Keep the text; go on if IAM would take it."""
    document = sent_document()
    samples = {
        each.value: policy.render(policy.force_mfa(policy.choices_of(each))) for each in Preset
    }
    wizard.keep(wizard.path, {"document": document})
    preset, sure = request.form.get("preset", ""), request.form.get("replace", "")
    typed = document.strip() not in {"", _EMPTY, *map(str.strip, samples.values())}
    if preset in samples and typed:
        return editor(wizard, document, replaced_by=preset)
    if (inserted := sure or preset) in samples:
        wizard.keep(wizard.path, {"document": samples[inserted]})
        flash(FlashKind.INFO, text("policy_editor.inserted", preset=inserted))
        return wizard.to(wizard.path)
    if request.form.get("do") == "visual":
        return wizard.to(wizard.visual)
    if check_text(document).refused:
        return editor(wizard, document, tried=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return wizard.to(wizard.review)


def sent_document() -> str:
    """Return the text of the form; browsers send every line break as CR and LF."""
    return request.form.get("document", "").replace("\r\n", "\n")


def editor(wizard: Wizard, document: str, *, tried: bool = False, replaced_by: str = "") -> str:
    """Return the page with the text.

    Args:
        wizard: which wizard's.
        document: the text.
        tried: whether what IAM would refuse it for is on top.
        replaced_by: the preset that is to replace it, which is asked first; "" if none is.
    """
    return render_template(
        "policy_editor.html",
        navigation=_LIST,
        wizard=wizard,
        edited=EditedText(document, tried=tried),
        replaced_by=replaced_by,
        presets=[each.value for each in Preset],
        rail_more="policy_presets.html",
    )


@SCREEN.route("/iam/policies/create/review", methods=["GET", "POST"])
@signed_in
def review() -> ResponseReturnValue:
    """Ask for the name, the description and the tags of a new policy; create it."""
    return _review(creation_wizard())


@SCREEN.route("/iam/policy/edit/review", methods=["GET", "POST"])
@signed_in
def review_edit() -> ResponseReturnValue:
    """Show what the new text means; save it as a new version."""
    return _review(edit_wizard())


def _review(wizard: Wizard) -> ResponseReturnValue:
    document = wizard.draft(wizard.path).get("document")
    if document is None or check_text(document).refused:
        return wizard.to(wizard.path)
    if request.method == "GET":
        return _review_page(wizard, document, wizard.draft(wizard.review))
    fields = _fields()
    wizard.keep(wizard.review, fields)
    if changed_elsewhere({"document": document}):
        return wizard.to(wizard.review)
    asked = request.form.get("do", "")
    if not asked:
        return _save(wizard, document, fields)
    if asked == "previous":
        return wizard.to(wizard.path)
    if asked == "add-tag":
        last = max(_tag_rows(fields), default=0)
        wizard.keep(wizard.review, {**fields, f"tag-key-{last + 1}": ""})
    else:
        number = asked.removeprefix("remove-")
        gone = {f"tag-key-{number}", f"tag-value-{number}"}
        left = {name: value for name, value in fields.items() if name not in gone}
        wizard.keep(wizard.review, left)
    return wizard.to(wizard.review)


def _fields() -> dict[str, str]:
    """Return the fields of the second page's form that are kept."""
    kept = ("name", "description", "default")
    return {
        name: value.replace("\r\n", "\n")
        for name, value in request.form.items()
        if name in kept or name.startswith(("tag-key-", "tag-value-"))
    }


def _save(wizard: Wizard, document: str, fields: Mapping[str, str]) -> ResponseReturnValue:
    """Save the policy or its version; on a refusal, show the page again with what was typed."""
    faults: Mapping[str, Message] = {}
    if wizard.arn:
        refused = _save_version(wizard.arn, document, default=bool(fields.get("default")))
    else:
        refused, faults = _create(document, fields)
    if refused is not None or faults:
        page = _review_page(wizard, document, fields, faults=faults, refused=refused)
        return page, HTTPStatus.UNPROCESSABLE_ENTITY if refused is None else refused.status
    wizard.drop()
    if wizard.arn:
        flash(FlashKind.SUCCESS, text("policy_editor.edited"))
        return see_other("/iam/policy", arn=wizard.arn, tab="versions")
    flash(FlashKind.SUCCESS, text("policy_editor.created", name=fields.get("name", "").strip()))
    return see_other(_LIST)


def _save_version(arn: str, document: str, *, default: bool) -> AwsRefused | None:
    answer = attempt(
        "iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=default
    )
    return answer if isinstance(answer, AwsRefused) else None


def _create(
    document: str, fields: Mapping[str, str]
) -> tuple[AwsRefused | None, dict[str, Message]]:
    """Create the policy; return AWS's refusal, or what is wrong with which field."""
    name, description = fields.get("name", "").strip(), fields.get("description", "")
    tags = [(key.strip(), value.strip()) for key, value in _tags(fields) if key or value]
    faults = {
        field: faults_text(wrong)
        for field, wrong in (
            ("name", names.policy_name(name)),
            ("description", names.description(description)),
            ("tags", names.tags(tags)),
        )
        if wrong
    }
    if faults:
        return None, faults
    answer = attempt(
        "iam",
        "CreatePolicy",
        PolicyName=name,
        PolicyDocument=document,
        Description=description,
        Tags=[{"Key": key, "Value": value} for key, value in tags],
    )
    if not isinstance(answer, AwsRefused):
        return None, {}
    field = _field_of(answer)
    return (None, {field: aws_text(answer.aws_message)}) if field else (answer, {})


def _field_of(refused: AwsRefused) -> str:
    """Return which field AWS's refusal is about; "" if it is about none."""
    match refused.aws_code:
        case "EntityAlreadyExists":
            return "name"
        case "ValidationError":
            about = refused.aws_message
            places = (("policyName", "name"), ("description", "description"), ("tags", "tags"))
            return next((field for word, field in places if word in about), "")
        case "InvalidInput":
            return "tags"
        case _:
            return ""


def _tag_rows(fields: Mapping[str, str]) -> list[int]:
    found = (_TAG.fullmatch(name) for name in fields)
    return sorted({int(each[1]) for each in found if each})


def _tags(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (fields.get(f"tag-key-{number}", ""), fields.get(f"tag-value-{number}", ""))
        for number in _tag_rows(fields)
    ]


def _review_page(
    wizard: Wizard,
    document: str,
    fields: Mapping[str, str],
    *,
    faults: Mapping[str, Message] | None = None,
    refused: AwsRefused | None = None,
) -> str:
    shown: Mapping[str, Any] = {}
    if wizard.arn:
        shown = call("iam", "GetPolicy", PolicyArn=wizard.arn)["Policy"]
    return render_template(
        "policy_review.html",
        navigation=_LIST,
        wizard=wizard,
        policy=shown,
        fields=fields,
        tag_rows=_tag_rows(fields),
        faults=faults or {},
        refused=refused,
        content=content(document),
        found=check_text(document),
        severities=SEVERITIES,
        truth=truth(document),
        mark=mark_of({"document": document}),
        credentials=CREDENTIALS,
        cell_text=cell_text,
    )
