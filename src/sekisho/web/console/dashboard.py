"""The console's home page, its search box, and the IAM dashboard with its recommendations.

Source: IAM User Guide, "Getting started with IAM"; IAM API Reference, GetAccountSummary.
"""

from collections.abc import Callable, Iterator

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.errors import AwsRefused
from sekisho.messages import Language, Message, verbatim
from sekisho.web.browsers import FlashKind
from sekisho.web.console.managed_policies import fold_text, managed_policies, matching, read_ahead
from sekisho.web.console.session import attempt, person, rehearsal, signed_in, try_reading
from sekisho.web.site import term, text

SCREEN = Blueprint("dashboard", __name__)

_Recommendation = tuple[FlashKind, Message] | AwsRefused
"""A recommendation: whether it is followed, and what is said; or why AWS does not tell."""
_SHOWN = 10
_SERVICES: tuple[tuple[str, Callable[[], Message]], ...] = (
    ("/iam", lambda: text("search.iam")),
    ("/s3/buckets", lambda: text("search.s3")),
)
_PAGES: tuple[tuple[str, Callable[[], Message]], ...] = (
    ("/iam", lambda: text("frame.dashboard")),
    ("/iam/groups", lambda: term("user_groups")),
    ("/iam/users", lambda: term("users")),
    ("/iam/policies", lambda: term("policies")),
    ("/iam/policies/create", lambda: term("create_policy")),
    ("/iam/security-credentials", lambda: term("security_credentials")),
    ("/s3/buckets", lambda: verbatim("Amazon S3")),
)
"""What has a page; the pages of IAM are found by the service's name, too."""


@SCREEN.get("/console")
@signed_in
def home() -> ResponseReturnValue:
    """Show the console's home page."""
    page = render_template("home.html")
    # users who look for a policy come from here
    read_ahead()
    return page


@SCREEN.get("/iam")
@signed_in
def dashboard() -> ResponseReturnValue:
    """Show the IAM dashboard."""
    summary = attempt("iam", "GetAccountSummary")
    devices = attempt("iam", "ListMFADevices", UserName=person().user)
    recommendations = [_own_mfa(devices), _own_keys(), *_root_recommendations(summary)]
    alias = account_alias()
    # last, for it takes the processor from this page, too
    read_ahead()
    return render_template(
        "dashboard.html",
        navigation="/iam",
        refusals=[each for each in recommendations if isinstance(each, AwsRefused)],
        followed=[each for each in recommendations if not isinstance(each, AwsRefused)],
        no_mfa=not isinstance(devices, AwsRefused) and not devices["MFADevices"],
        summary=summary,
        alias=alias,
        address=sign_in_address(alias),
    )


def account_alias() -> str | AwsRefused:
    """Return the account's alias, "" if there is none, or what AWS refused."""
    answer = attempt("iam", "ListAccountAliases")
    if isinstance(answer, AwsRefused):
        return answer
    return next(iter(answer["AccountAliases"]), "")


def sign_in_address(alias: str | AwsRefused) -> str:
    """Return where the account's users sign in at AWS: by the alias, if one is known."""
    account = rehearsal().account
    known = {each.id: each for each in partitions()}
    partition = known.get(account.partition, known[DEFAULT_PARTITION])
    known_alias = "" if isinstance(alias, AwsRefused) else alias
    return partition.sign_in.format(account=known_alias or account.account)


def _own_mfa(devices: object) -> _Recommendation:
    if isinstance(devices, AwsRefused):
        return devices
    count = len(devices["MFADevices"])  # type: ignore[index]  # botocore's answer has no type
    if count:
        return FlashKind.SUCCESS, text("dashboard.has_mfa", count=count)
    return FlashKind.WARNING, text("dashboard.no_mfa")


def _own_keys() -> _Recommendation:
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


def _root_recommendations(summary: object) -> Iterator[_Recommendation]:
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


@SCREEN.get("/search")
@signed_in
def search() -> ResponseReturnValue:
    """Show the services, their pages and the policies that have a name."""
    wanted = request.args.get("q", "")
    services = _matching_entries(_SERVICES, wanted)
    whole = {path.split("/")[1] for path, _ in services}
    pages = [
        (path, name())
        for path, name in _PAGES
        if path.split("/")[1] in whole or _fits(name(), wanted)
    ]
    read = try_reading(lambda: matching(managed_policies(), wanted)) if fold_text(wanted) else []
    refused = isinstance(read, AwsRefused)
    return render_template(
        "search.html",
        asked=wanted,
        services=services,
        pages=pages,
        refused=read if refused else None,
        policies=[] if isinstance(read, AwsRefused) else read[:_SHOWN],
        more=0 if isinstance(read, AwsRefused) else max(0, len(read) - _SHOWN),
    )


def _matching_entries(
    entries: tuple[tuple[str, Callable[[], Message]], ...], wanted: str
) -> list[tuple[str, Message]]:
    return [(path, name()) for path, name in entries if _fits(name(), wanted)]


def _fits(name: Message, wanted: str) -> bool:
    """Tell whether a name contains what was searched for, in either language."""
    asked = fold_text(wanted)
    return bool(asked) and any(asked in fold_text(name.into(each)) for each in Language)
