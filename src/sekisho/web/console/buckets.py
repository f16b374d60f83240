"""Amazon S3: the buckets, and the objects of one: a service to feel one's permissions at."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console.session import attempt, person, rehearsal, signed_in
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("buckets", __name__)

_PATH = "/s3/buckets"
_ELSEWHERE_THAN = "us-east-1"
"""The Region that CreateBucket must not be told."""


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the buckets."""
    return _listing(None)


@SCREEN.post(_PATH)
@signed_in
def create() -> ResponseReturnValue:
    """Create a bucket."""
    name, region = request.form.get("name", "").strip(), rehearsal().region
    where = {} if region == _ELSEWHERE_THAN else {"LocationConstraint": region}
    configured = {"CreateBucketConfiguration": where} if where else {}
    answer = attempt("s3", "CreateBucket", Bucket=name, **configured)
    if isinstance(answer, AwsRefused):
        return _listing(answer), 422
    flash(FlashKind.SUCCESS, text("buckets.created", name=name))
    return see_other(_PATH)


def _listing(faulty: AwsRefused | None) -> str:
    found = attempt("s3", "ListBuckets")
    refused = isinstance(found, AwsRefused)
    if not refused and found.get("Buckets") and person().mfa:
        rehearsal().at_bucket.add(person().user)
    return render_template(
        "buckets.html",
        navigation=_PATH,
        refused=found if refused else None,
        buckets=() if refused else found.get("Buckets", ()),
        fault=_fault(faulty),
    )


def _fault(refused: AwsRefused | None) -> Message | str:
    """Return the fault of a bucket's name; AWS is not called with a name that cannot be sent."""
    if refused is None:
        return ""
    unsent = refused.aws_code == "ParamValidationError"
    return text("buckets.name_hint") if unsent else aws_text(refused.aws_message)


@SCREEN.get("/s3/bucket")
@signed_in
def bucket() -> ResponseReturnValue:
    """List the objects of a bucket."""
    name = request.args.get("name", "")
    if not name:
        return see_other(_PATH)
    found = attempt("s3", "ListObjectsV2", Bucket=name)
    refused = isinstance(found, AwsRefused)
    return render_template(
        "bucket.html",
        navigation=_PATH,
        name=name,
        refused=found if refused else None,
        objects=() if refused else found.get("Contents", ()),
        more=False if refused else found.get("IsTruncated", False),
    )
