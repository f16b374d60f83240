"""The auditor's sheet: what an audit and its proofs come to, on paper, with what they rest on."""

import hashlib
import json
from collections import Counter

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sekisho.account import Snapshot
from sekisho.audit import SEVERITIES
from sekisho.audit.impact import Nature
from sekisho.audit.proofs import account_certificates
from sekisho.audit.report import NATURES, account_document, finding_title
from sekisho.documents.report import Table, page_parts
from sekisho.lazy import dataclass
from sekisho.prover import ASSUMED, Enforced, enforced_text
from sekisho.prover.questions import Inquiry
from sekisho.web.workbench.material import (
    MOST_NAMES,
    answer_for_page,
    json_response,
    material,
    wants_json,
)
from sekisho.web.workbench.subprocess_worker import SECONDS, NotDecided, StillWorking

VIEW = Blueprint("sheet", __name__)

_FIRST = 10
"""So many groups of users with a certificate are shown, the largest; all are in the JSON."""


@dataclass(frozen=True, slots=True)
class CertifiedUsers:
    """Users with the same policies, and the certificates that MFA is enforced for them.

    Attributes:
        users: their names.
        policies: the names of their policies.
        hashes: the SHA-256 of each certificate, as `prove account --certificate` saves it.
        premises: what the certificates rest on.
    """

    users: tuple[str, ...]
    policies: tuple[str, ...]
    hashes: tuple[str, ...]
    premises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetProofs:
    """The certificates of an account.

    Attributes:
        certified: group by group.
        missing: the users who are proved enforced without a certificate.
        working: whether the certificates are yet to come.
        undecided: whether the time was not enough.
    """

    certified: tuple[CertifiedUsers, ...] = ()
    missing: tuple[str, ...] = ()
    working: bool = False
    undecided: bool = False


def certificates(snapshot: Snapshot, names: tuple[str, ...]) -> SheetProofs:
    """Return the certificates of users, as `sekisho prove account --certificate` saves them."""
    found = account_certificates(snapshot, names, Inquiry().exempt)
    certified = []
    for group in found.certified:
        policies = (*group.policies.identity, *(group.policies.boundaries or ()))
        texts = [json.dumps(each.document) + "\n" for each in group.certificates]
        premises = {one: None for each in group.certificates for one in each.premises}
        certified.append(
            CertifiedUsers(
                group.names,
                tuple(each.name for each in policies),
                tuple(hashlib.sha256(each.encode()).hexdigest() for each in texts),
                tuple(premises),
            )
        )
    certified.sort(key=lambda each: -len(each.users))
    return SheetProofs(tuple(certified), found.missing)


def _proofs(names: tuple[str, ...]) -> SheetProofs:
    if not names:
        return SheetProofs()
    try:
        return answer_for_page("certificates", certificates, material().report.snapshot, names)
    except NotDecided:
        return SheetProofs(undecided=True)
    except StillWorking:
        return SheetProofs(working=True)


@VIEW.get("/sheet")
def sheet() -> ResponseReturnValue:
    """Show population, figures, proofs, exceptions, gaps and the files that were read."""
    report = material().report
    enforced = Counter(row.enforcement.enforced for row in report.rows)
    proved = tuple(
        row.user.name for row in report.rows if row.enforcement.enforced is Enforced.PROVED
    )
    proofs = _proofs(proved)
    if wants_json():
        audit = material().as_json
        return json_response(
            {name: audit[name] for name in audit if name not in ("users", "findings")}
            | {
                "certificates": [
                    {
                        "users": each.users,
                        "policies": each.policies,
                        "sha256": each.hashes,
                        "premises": each.premises,
                    }
                    for each in proofs.certified
                ],
                "withoutCertificate": None if proofs.undecided else proofs.missing,
                "files": dict(material().files),
            }
        )
    shown = account_document(report)
    natures = Counter(row.nature for row in report.rows)
    assumed = Counter(name for row in report.rows for name in row.enforcement.assumed)
    tables = {part.id: part for _, part in page_parts(shown) if isinstance(part, Table)}
    return render_template(
        "sheet.html",
        view="/sheet",
        shown=shown,
        coverage=report.coverage,
        natures=[(NATURES[each], natures[each]) for each in Nature],
        enforced=[(enforced_text(each), enforced[each]) for each in Enforced if enforced[each]],
        proofs=proofs,
        assumed=sorted(assumed.items()),
        premises=ASSUMED,
        exceptions=tables["exceptions"],
        gaps=tables["not-read"],
        findings=[(alike[0], len(alike)) for alike in material().findings_by_id],
        severities=SEVERITIES,
        titles=finding_title,
        files=material().files,
        seconds=SECONDS,
        first=_FIRST,
        most=MOST_NAMES,
    )
