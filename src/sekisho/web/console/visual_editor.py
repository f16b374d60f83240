"""The visual side of the policy editor: the policy as the console groups it, and small changes.

JSON stays the editor: what is changed here is changed in the text that both sides share.

Source: IAM User Guide, "Creating policies with the visual editor".
"""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import catalogue
from sekisho.audit import SEVERITIES
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console.persons import changed_elsewhere, mark_of, signed_in
from sekisho.web.console.policy_editor import (
    Wizard,
    counted,
    creating,
    editing,
    editor,
    typed_document,
)
from sekisho.web.console.policy_reading import checked
from sekisho.web.console.visual_policy import (
    actions_by_level,
    new_statement,
    shown_policy,
    with_statement,
    without_statement,
)
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("visual_editor", __name__)

_LIST = "/iam/policies"


@dataclass(frozen=True, slots=True)
class _Addition:
    """What the form about a new statement says.

    Attributes:
        service: its prefix; "" if none is chosen.
        actions: names that the service has.
        resources: ARNs, one for each line that was typed.
        all_resources: whether all resources are meant.
    """

    service: str = ""
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    all_resources: bool = True
    denies: bool = False
    mfa: bool = False

    @property
    def fault(self) -> Message | None:
        """What is missing, or None."""
        if not self.actions:
            return text("visual.no_action")
        if not self.all_resources and not self.resources:
            return text("visual.no_resource")
        return None


@SCREEN.route("/iam/policies/create/visual", methods=["GET", "POST"])
@signed_in
def create() -> ResponseReturnValue:
    """Show the new policy, and change it."""
    return _answer(creating())


@SCREEN.route("/iam/policy/edit/visual", methods=["GET", "POST"])
@signed_in
def edit() -> ResponseReturnValue:
    """Show the text of a new version, and change it."""
    wizard = editing()
    return _answer(wizard) if wizard.arn else see_other(_LIST)


def _answer(wizard: Wizard) -> ResponseReturnValue:
    document = typed_document(wizard)
    if request.method == "GET":
        return _page(wizard, document, _Addition(_service(request.args.get("service", ""))))
    if changed_elsewhere({"document": document}):
        return wizard.see(wizard.visual)
    asked = request.form.get("do", "")
    if asked.startswith("remove-"):
        return _changed(wizard, document, asked.removeprefix("remove-"))
    if asked == "add":
        return _added(wizard, document)
    wizard.keep(wizard.path, {"document": document})
    if checked(document).refused:
        return editor(wizard, document, tried=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return wizard.to(wizard.review)


def _changed(wizard: Wizard, document: str, number: str) -> ResponseReturnValue:
    """Remove a statement."""
    if shown_policy(document).unread is None and number.isascii() and number.isdigit():
        wizard.keep(wizard.path, {"document": without_statement(document, int(number))})
        flash(FlashKind.SUCCESS, text("visual.removed", number=number))
    return wizard.see(wizard.visual)


def _added(wizard: Wizard, document: str) -> ResponseReturnValue:
    """Add a statement; what cannot be added is shown again as it was typed."""
    wanted = _sent()
    fault = wanted.fault
    if fault is not None:
        return _page(wizard, document, wanted, fault), HTTPStatus.UNPROCESSABLE_ENTITY
    if shown_policy(document).unread is None:
        statement = new_statement(
            wanted.service,
            wanted.actions,
            () if wanted.all_resources else wanted.resources,
            denies=wanted.denies,
            mfa=wanted.mfa,
        )
        wizard.keep(wizard.path, {"document": with_statement(document, statement)})
        flash(FlashKind.SUCCESS, text("visual.added"))
    return wizard.see(wizard.visual)


def _sent() -> _Addition:
    """Return what the form says; a level or the service as a whole stands for its actions."""
    service = _service(request.form.get("service", ""))
    levels = actions_by_level(service)
    every = [name for names in levels.values() for name in names]
    chosen = set(request.form.getlist("action"))
    for level, names in levels.items():
        if level.en in request.form.getlist("level"):
            chosen.update(names)
    lines = request.form.get("resources", "").splitlines()
    return _Addition(
        service,
        tuple(every if request.form.get("every") else [name for name in every if name in chosen]),
        tuple(each.strip() for each in lines if each.strip()),
        request.form.get("which", "all") == "all",
        bool(request.form.get("denies")),
        bool(request.form.get("mfa")),
    )


def _service(prefix: str) -> str:
    return prefix if prefix in catalogue.load().services() else ""


def _page(wizard: Wizard, document: str, wanted: _Addition, fault: Message | None = None) -> str:
    known, found = catalogue.load(), checked(document)
    services = [(known.service_name(each) or each, each) for each in known.services()]
    return render_template(
        "visual_editor.html",
        navigation=_LIST,
        wizard=wizard,
        shown=shown_policy(document),
        mark=mark_of({"document": document}),
        found=found,
        count=counted(found),
        severities=SEVERITIES,
        services=sorted(services, key=lambda each: each[0].casefold()),
        wanted=wanted,
        service_name=known.service_name(wanted.service) or "",
        levels=actions_by_level(wanted.service),
        fault=fault,
    )
