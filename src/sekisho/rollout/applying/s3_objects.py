"""Objects below a prefix of S3, which are written under a condition only.

An object is made only where there is none (`If-None-Match: *`), and replaced only if it is still
the one that was read (`If-Match`). Where the answer is lost, what the object holds tells whether it
was written.

Source: Amazon S3 user guide, "Conditional requests"; S3 API reference, PutObject: 412 where the
condition does not hold, 409 where another write was under way.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Protocol

from sekisho.errors import AwsRefused, Code, SekishoError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.applying.stop import Stop

_WAITS = (0.5, 1.0, 2.0, 4.0)
_CONFLICT = 409
_CHANGED = ("PreconditionFailed", "NoSuchKey")
_DELETED_AT_ONCE = 1000
"""S3 API reference, DeleteObjects."""

_RIGHTS = Message(
    "allow `s3:ListBucket` on the bucket, and `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` "
    "on what is below the prefix"
)
_REGION = Message("give the bucket's Region with `--region`")
_FIXES = {
    "NoSuchBucket": Message("make the bucket, or correct the address"),
    "AccessDenied": _RIGHTS,
    "403": _RIGHTS,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "NotImplemented": Message("use a storage that supports conditional writes, as Amazon S3 does"),
}


class ObjectStore(Protocol):
    """What is needed of S3: `account.aws.Boto3Api` has it."""

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation and return its output."""
        ...

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key` of every page of a listing."""
        ...

    def object(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, Any]]:
        """Return the content of an object, and the metadata of S3."""
        ...


class ObjectChanged(SekishoError):
    """An object is not as it was when this run read or wrote it."""

    def __init__(self, address: str) -> None:
        super().__init__(
            Message("somebody else has changed `{address}` meanwhile").filled(address=address),
            code=Code.OUTPUT_UNWRITABLE,
            fix=Message("run it again: what was done is found in the account"),
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects below a prefix, by their names there.

    Attributes:
        api: calls S3.
        name: of the bucket.
        prefix: "" or with a slash at its end.
        sleep: waits so many seconds before another try.
    """

    api: ObjectStore
    name: str
    prefix: str
    sleep: Callable[[float], None]

    def address(self, name: str = "") -> str:
        """Return the displayed name of an object, or of all of them."""
        return f"s3://{self.name}/{self.prefix}{name}".rstrip("/")

    def names(self) -> Mapping[str, str]:
        """Return the objects there are, each with its ETag.

        Raises:
            SekishoError: if they cannot be listed, or one has a name that no file can have.
        """
        try:
            items = [
                *self.api.pages(
                    "s3", "ListObjectsV2", "Contents", Bucket=self.name, Prefix=self.prefix
                )
            ]
        except AwsRefused as error:
            raise self._unreadable(error, "") from None
        found = {str(each["Key"]).removeprefix(self.prefix): str(each["ETag"]) for each in items}
        # consoles make an object of the prefix itself
        found = {name: etag for name, etag in found.items() if name and not name.endswith("/")}
        for name in found:
            parts = PurePosixPath(name).parts
            if "\\" in name or ".." in parts or PurePosixPath(name).as_posix() != name:
                raise SekishoError(
                    Message("`{address}` is not a valid file name").filled(
                        address=self.address(name)
                    ),
                    code=Code.FILE_BAD_SHAPE,
                )
        return found

    def get(self, name: str) -> tuple[bytes, Mapping[str, Any]]:
        """Return the content of an object, and the metadata of S3."""
        try:
            return self.api.object(self.name, f"{self.prefix}{name}")
        except AwsRefused as error:
            raise self._unreadable(error, name) from None

    def put(self, name: str, content: bytes, etag: str | None) -> str:
        """Write an object where there is none, or in the place of one; return its ETag.

        Raises:
            SekishoError: if it is not as it was, or cannot be written.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        key, unanswered = f"{self.prefix}{name}", False
        for wait in (*_WAITS, None):
            try:
                written = self.api.call(
                    "s3", "PutObject", Bucket=self.name, Key=key, Body=content, **condition
                )
                return str(written["ETag"])
            except AwsRefused as error:
                if error.aws_code in _CHANGED:
                    if unanswered:
                        found, about = self.get(name)
                        if found == content:
                            # what this run itself has written, and heard no answer to
                            return str(about["ETag"])
                    raise ObjectChanged(self.address(name)) from None
                passes = Stop.at(error).passes or error.aws_code == "RequestTimeout"
                if wait is None or not (passes or error.status == _CONFLICT):
                    raise self._unwritable(error, name) from None
                unanswered |= passes
                self.sleep(wait)
        raise ObjectChanged(self.address(name))

    def delete(self, names: list[str]) -> None:
        """Delete objects.

        Raises:
            SekishoError: if one cannot be deleted.
        """
        for start in range(0, len(names), _DELETED_AT_ONCE):
            some = [{"Key": f"{self.prefix}{name}"} for name in names[start:][:_DELETED_AT_ONCE]]
            about = {"Objects": some, "Quiet": True}
            try:
                answer = self.api.call("s3", "DeleteObjects", Bucket=self.name, Delete=about)
            except AwsRefused as error:
                raise self._unwritable(error, "") from None
            for each in answer.get("Errors", ()):
                code, message = each.get("Code", "?"), each.get("Message", "")
                refused = AwsRefused("DeleteObjects", code, message, 0)
                raise self._unwritable(refused, names[start])

    def versioned(self) -> bool | None:
        """Return whether the bucket keeps earlier versions; None if that may not be read."""
        try:
            answer = self.api.call("s3", "GetBucketVersioning", Bucket=self.name)
        except AwsRefused:
            return None
        return answer.get("Status") == "Enabled"

    def _unreadable(self, error: AwsRefused, name: str) -> SekishoError:
        return self._failed(Message("`{address}` cannot be read: {why}"), error, name)

    def _unwritable(self, error: AwsRefused, name: str) -> SekishoError:
        return self._failed(Message("`{address}` cannot be written: {why}"), error, name)

    def _failed(self, text: Message, error: AwsRefused, name: str) -> SekishoError:
        # no AwsRefused: it would be taken for the refusal of a change
        return SekishoError(
            text.filled(address=self.address(name), why=str(error)),
            code=Code.OUTPUT_UNWRITABLE,
            fix=_FIXES.get(error.aws_code, error.fix),
        )
