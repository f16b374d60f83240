"""The console's home page and the IAM dashboard with its security recommendations.

Source: IAM User Guide, "Getting started with IAM"; IAM API Reference, GetAccountSummary.
"""

from collections.abc import Iterator

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console.managed_policies import read_ahead
from sekisho.web.console.session import attempt, person, rehearsal, signed_in, try_reading
from sekisho.web.site import text

SCREEN = Blueprint("dashboard", __name__)

_Said = tuple[FlashKind, Message] | AwsRefused
"""A recommendation: whether it is followed, and what is said; or why AWS does not tell."""


@SCREEN.get("/console")
@signed_in
def home() -> ResponseReturnValue:
    """Show the console's home page."""
    page = render_template("home.html")
    # whoever looks for a policy comes from here
    read_ahead()
    return page


@SCREEN.get("/iam")
@signed_in
def dashboard() -> ResponseReturnValue:
    """Show the IAM dashboard."""
    summary = attempt("iam", "GetAccountSummary")
    devices = attempt("iam", "ListMFADevices", UserName=person().user)
    recommendations = [_own_mfa(devices), _own_keys(), *_of_root(summary)]
    alias = account_alias()
    # last, for it takes the processor from this page, too
    read_ahead()
    return render_template(
        "dashboard.html",
        navigation="/iam",
        refusals=[each for each in recommendations if isinstance(each, AwsRefused)],
        said=[each for each in recommendations if not isinstance(each, AwsRefused)],
        no_mfa=not isinstance(devices, AwsRefused) and not devices["MFADevices"],
        summary=summary,
        alias=alias,
        address=sign_in_address(alias),
    )


def account_alias() -> str:
    """Return the account's alias; "" if there is none, or the person may not know it."""
    answer = attempt("iam", "ListAccountAliases")
    found = () if isinstance(answer, AwsRefused) else answer["AccountAliases"]
    return found[0] if found else ""


def sign_in_address(alias: str) -> str:
    """Return where the account's users sign in at AWS: by the alias, if there is one."""
    account = rehearsal().account
    known = {each.id: each for each in partitions()}
    partition = known.get(account.partition, known[DEFAULT_PARTITION])
    return partition.sign_in.format(account=alias or account.account)


def _own_mfa(devices: object) -> _Said:
    if isinstance(devices, AwsRefused):
        return devices
    count = len(devices["MFADevices"])  # type: ignore[index]  # botocore's answer has no type
    if count:
        return FlashKind.SUCCESS, text("dashboard.has_mfa", count=count)
    return FlashKind.WARNING, text("dashboard.no_mfa")


def _own_keys() -> _Said:
    user = person().user
    pages = person().api.pages
    keys = try_reading(
        lambda: [*pages("iam", "ListAccessKeys", "AccessKeyMetadata", UserName=user)]
    )
    if isinstance(keys, AwsRefused):
        return keys
    active = sum(each["Status"] == "Active" for each in keys)
    if active:
        return FlashKind.WARNING, text("dashboard.own_keys", count=active)
    return FlashKind.SUCCESS, text("dashboard.no_own_keys")


def _of_root(summary: object) -> Iterator[_Said]:
    if isinstance(summary, AwsRefused):
        return
    counts = summary["SummaryMap"]  # type: ignore[index]  # as above
    if counts["AccountMFAEnabled"]:
        yield FlashKind.SUCCESS, text("dashboard.root_mfa")
    else:
        yield FlashKind.WARNING, text("dashboard.no_root_mfa")
    if counts["AccountAccessKeysPresent"]:
        yield FlashKind.WARNING, text("dashboard.root_keys")
    else:
        yield FlashKind.SUCCESS, text("dashboard.no_root_keys")
