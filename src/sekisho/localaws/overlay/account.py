"""The account as a whole: the summary, and the credential report.

Source: IAM API Reference, GetAccountSummary, GenerateCredentialReport, GetCredentialReport;
fact §9.1.
"""

from datetime import timedelta

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from sekisho.localaws import report
from sekisho.localaws.caller import WORLD
from sekisho.localaws.overlay.request import iam, naive
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.world import Report, World

__all__ = ["OPERATIONS"]

_REPORT_LASTS = timedelta(hours=4)


def get_account_summary(_: IamResponse) -> ActionResult:
    """Count what the account has. The root user has a password and no access key."""
    world = WORLD.get()
    summary = dict(iam().get_account_summary().summary_map)
    policies = iam().managed_policies.values()
    own = [policy for policy in policies if f"::{policy.account_id}:" in policy.arn]
    summary |= {
        "MFADevices": len(iam().virtual_mfa_devices) + world.root_mfa,
        "MFADevicesInUse": sum(len(user.mfa_devices) for user in iam().users.values())
        + world.root_mfa,
        "AccountMFAEnabled": int(world.root_mfa),
        "AccountPasswordPresent": 1,
        "AccountAccessKeysPresent": 0,
        "Policies": len(own),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in own),
    }
    return ActionResult({"SummaryMap": summary})


def generate_credential_report(_: IamResponse) -> ActionResult:
    """Make a report, unless there is one that is less than four hours old."""
    world = WORLD.get()
    if _fresh(world):
        return ActionResult({"State": "COMPLETE"})
    world.report = Report(world.clock.now(), report.credential_report(world))
    why = "No report exists. Starting a new report generation task"
    return ActionResult({"State": "STARTED", "Description": why})


def get_credential_report(_: IamResponse) -> ActionResult:
    """Hand the last report out."""
    world = WORLD.get()
    if world.report is None:
        raise Refusal("ReportNotPresent", "No report is present. Generate a new report first.", 410)
    if not _fresh(world):
        raise Refusal("ReportExpired", "The report is expired. Generate a new report first.", 410)
    return ActionResult(
        {
            "Content": world.report.content,
            "ReportFormat": "text/csv",
            "GeneratedTime": naive(world.report.at),
        }
    )


def _fresh(world: World) -> bool:
    made = world.report
    return made is not None and world.clock.now() - made.at < _REPORT_LASTS


OPERATIONS = (get_account_summary, generate_credential_report, get_credential_report)
