"""An upload to S3 by a form: a POST whose key, signature and policy are fields of its body.

The signature is of the policy, and the policy says what the fields may be; every field has to be in
it. A form that passes goes on as the PutObject that it stands for. So the form is read only once,
and the caller's policies decide about PutObject.

Source: Amazon S3 API Reference, "POST Object", "Authenticating Requests in Browser-Based Uploads
Using POST (AWS Signature Version 4)", "Creating a POST Policy".
"""

import hmac
import io
import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment
from xml.sax.saxutils import escape

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data

from sekisho.lazy import dataclass
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.sigv4 import (
    ALGORITHM,
    Mismatch,
    SignatureClaims,
    SignatureFault,
    claims_of_scope,
    presigned_as_of_old,
    signing_key,
)

_FORM = "multipart/form-data"
_MAX_FIELDS_BYTES = 20_480
_HEADERS = frozenset(
    {"cache-control", "content-disposition", "content-encoding", "content-type", "expires"}
)
_SIGNING = frozenset(
    {"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}
)
_NOT_IN_POLICY = frozenset({"file", "policy", "x-amz-signature"})
_OURS = frozenset({"bucket", "file", "key", "success_action_status", "x-amz-security-token"})
_AMZ_HEADERS = ("x-amz-meta-", "x-amz-server-side-encryption", "x-amz-storage-class")
_PRINTABLE = re.compile(r"[ -~]*")


_STATUSES = {"200": HTTPStatus.OK, "201": HTTPStatus.CREATED}
_Headers = list[tuple[str, str]]
_Answer = tuple[Iterable[bytes], str, _Headers]


def is_form_upload(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a request without a key is an upload by a form; headers as in CGI."""
    return method == "POST" and headers.get("CONTENT_TYPE", "").lower().startswith(_FORM)


@dataclass(frozen=True, slots=True)
class FormUpload:
    """An upload by a form, parsed.

    Attributes:
        fields: by name in lower case.
        body: the content of the file.
    """

    bucket: str
    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def claims(self) -> SignatureClaims:
        """The claims of the signature.

        Raises:
            SignatureFault: INCOMPLETE if a part is missing, UNSUPPORTED for another algorithm.
        """
        if "awsaccesskeyid" in self.fields:
            raise presigned_as_of_old()
        missing = sorted(name for name in _SIGNING if not self.fields.get(name))
        if missing:
            raise SignatureFault(Mismatch.INCOMPLETE, f"the form lacks {', '.join(missing)}")
        if self.fields["x-amz-algorithm"] != ALGORITHM:
            raise SignatureFault(Mismatch.UNSUPPORTED, f"a form is signed with {ALGORITHM}")
        return claims_of_scope(
            self.fields["x-amz-credential"],
            self.fields["x-amz-date"],
            self.fields["x-amz-signature"],
            self.fields.get("x-amz-security-token"),
        )

    def verify(self, signed: SignatureClaims, secret: str, now: datetime) -> None:
        """Check that `secret` has signed the policy, and that the policy allows the form.

        Raises:
            SignatureFault: WRONG, if it has not.
            Refusal: S3's, if the policy does not.
        """
        key = signing_key(secret, signed.day, signed.region, signed.service)
        policy = self.fields["policy"]
        expected = hmac.new(key, policy.encode(), "sha256").hexdigest()
        given = signed.signature.encode("utf-8", "replace")
        right = signed.service == "s3" and signed.day == signed.stamp[:8]
        if not (hmac.compare_digest(expected.encode(), given) and right):
            raise SignatureFault(Mismatch.WRONG)
        self._check(_decode_policy(policy), now)

    def _check(self, policy: Mapping[str, Any], now: datetime) -> None:
        if _moment(policy["expiration"]) <= now:
            raise _against_policy("Policy expired.")
        named = set()
        for condition in policy["conditions"]:
            named |= self._met(condition)
        extra = sorted(
            name
            for name in self.fields.keys() - named - _NOT_IN_POLICY
            if not name.startswith("x-ignore-")
        )
        if extra:
            raise _against_policy(f"Extra input fields: {', '.join(extra)}")

    def _met(self, condition: object) -> set[str]:
        """Return the names of the fields in a condition of the policy that is met."""
        match condition:
            case ["content-length-range", least, most]:
                self._check_length(_number(least), _number(most))
                return set()
            case ["eq" | "starts-with" as how, str(place), str(wanted)] if place.startswith("$"):
                name = place[1:].lower()
                given = self._value(name)
                values = given.split(",") if name == "content-type" and how != "eq" else [given]
                if not all(
                    each == wanted if how == "eq" else each.startswith(wanted) for each in values
                ):
                    raise _failed_condition(condition)
                return {name}
            case dict():
                for name, wanted in condition.items():
                    if self._value(name.lower()) != wanted:
                        raise _failed_condition(["eq", f"${name}", wanted])
                return {name.lower() for name in condition}
            case _:
                raise _malformed()

    def _value(self, name: str) -> str:
        return self.bucket if name == "bucket" else self.fields.get(name, "")

    def _check_length(self, least: int, most: int) -> None:
        if len(self.body) < least:
            message = "Your proposed upload is smaller than the minimum allowed size"
            raise Refusal("EntityTooSmall", message, 400)
        if len(self.body) > most:
            message = "Your proposed upload exceeds the maximum allowed size"
            raise Refusal("EntityTooLarge", message, 400)

    def as_put(self, environ: WSGIEnvironment) -> WSGIEnvironment:
        """Return the equivalent request to put the object.

        Raises:
            NotImplementedError: for a field that is not known here.
        """
        kept = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("HTTP_X_AMZ", "CONTENT_"))
        }
        for name, value in self.fields.items():
            if name in _SIGNING | _OURS or name.startswith("x-ignore-"):
                continue
            if not (name in _HEADERS or name == "acl" or name.startswith(_AMZ_HEADERS)):
                raise NotImplementedError(f"a form with the field `{name[:80]}` is not known here")
            if not _PRINTABLE.fullmatch(value):
                # it becomes a header
                raise Refusal("MalformedPOSTRequest", _MALFORMED, 400)
            key = "X_AMZ_ACL" if name == "acl" else name.upper().replace("-", "_")
            kept[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        path = quote(f"/{self.bucket}/{self.fields['key']}", safe="/-_.~")
        return kept | {
            "REQUEST_METHOD": "PUT",
            "RAW_URI": path,
            "REQUEST_URI": path,
            "PATH_INFO": f"/{self.bucket}/{self.fields['key']}".encode().decode("latin-1"),
            "QUERY_STRING": "",
        }

    def answer(self, body: Iterable[bytes], status: str, headers: _Headers) -> _Answer:
        """Return the answer to the form, made from the answer to PutObject."""
        if not status.startswith("200"):
            return body, status, headers
        wanted = self.fields.get("success_action_status", "")
        chosen = _STATUSES.get(wanted, HTTPStatus.NO_CONTENT)
        kept = [pair for pair in headers if pair[0].lower() != "content-length"]
        text = ""
        if chosen is HTTPStatus.CREATED:
            tag = next((value for name, value in kept if name.lower() == "etag"), "")
            place = quote(f"/{self.bucket}/{self.fields['key']}", safe="/")
            text = (
                '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>'
                f"<Location>{escape(place)}</Location><Bucket>{escape(self.bucket)}</Bucket>"
                f"<Key>{escape(self.fields['key'])}</Key><ETag>{escape(tag)}</ETag></PostResponse>"
            )
        length = ("Content-Length", str(len(text.encode())))
        return [text.encode()], f"{chosen.value} {chosen.phrase}", [*kept, length]


def read_form(environ: WSGIEnvironment, body: bytes) -> FormUpload:
    """Return the form in a body.

    Raises:
        Refusal: S3's, if it is malformed.
    """
    path = str(environ.get("PATH_INFO", "")).removeprefix("/").removesuffix("/")
    try:
        _, fields, files = parse_form_data(
            {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))},
            # the body is in memory already
            stream_factory=lambda *_, **__: io.BytesIO(),
            # more than the reader reads at once; the fields themselves are counted below
            max_form_memory_size=len(body) + _MAX_FIELDS_BYTES,
            silent=False,
        )
    except (ValueError, RequestEntityTooLarge):
        raise Refusal("MalformedPOSTRequest", _MALFORMED, 400) from None
    names = [name.lower() for each in (fields, files) for name, _ in each.items(multi=True)]
    size = sum(len(name) + len(value) for name, value in fields.items())
    once = len(names) == len(set(names)) and set(files) == {"file"}
    if not path or "/" in path or not once or size > _MAX_FIELDS_BYTES:
        raise Refusal("MalformedPOSTRequest", _MALFORMED, 400)
    file = files["file"]
    given = {name.lower(): value for name, value in fields.items()}
    if given.get("bucket", path) != path:
        raise _failed_condition(["eq", "$bucket", given["bucket"]])
    if not given.get("key"):
        message = (
            "Bucket POST must contain a field named 'key'. If it is specified, please check the "
            "order of the fields."
        )
        raise Refusal("InvalidArgument", message, 400)
    given["key"] = given["key"].replace("${filename}", file.filename or "")
    return FormUpload(path, given, file.stream.read())


_MALFORMED = "The body of your POST request is not well-formed multipart/form-data."


def _decode_policy(policy: str) -> Mapping[str, Any]:
    try:
        found = json.loads(b64decode(policy, validate=True))
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(found, dict) or found.keys() != {"expiration", "conditions"}:
        raise _malformed()
    if not isinstance(found["conditions"], list):
        raise _malformed()
    return found


def _number(value: object) -> int:
    if not (text := str(value)).isdecimal():
        raise _malformed()
    return int(text)


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        raise _malformed() from None


def _malformed() -> Refusal:
    return Refusal("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.", 400)


def _against_policy(reason: str) -> Refusal:
    return Refusal("AccessDenied", f"Invalid according to Policy: {reason}", 403)


def _failed_condition(condition: object) -> Refusal:
    return _against_policy(f"Policy Condition failed: {json.dumps(condition)}")
