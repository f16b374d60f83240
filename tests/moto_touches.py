"""Which of a call's values moto goes by, seen at its own dictionaries.

Every text in a call's parameters is another mark. A backend keeps its resources in dictionaries;
they are made to note the keys that they are asked for, so that the marks among these are the values
by which moto looked for something. The authorizer has to have asked about each of them.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.backends import get_backend

import localaws_people as people
from botocore_fuzz import SIMPLE, URL, environ_of
from sekisho.localaws import DecisionLog, LocalAws
from sekisho.localaws.authorizer import Authorizer
from sekisho.localaws.decision.classify import module_of

REGION = "us-east-1"
_DEEPEST = 6


class _Noting:
    """A dictionary, before its own class, that notes the texts that it is asked for."""

    asked: ClassVar[set[str]] = set()

    def __getitem__(self, key: Any) -> Any:
        _note(key)
        return super().__getitem__(key)  # type: ignore[misc]  # of the dictionary behind it

    def __contains__(self, key: Any) -> bool:
        _note(key)
        return bool(super().__contains__(key))  # type: ignore[misc]  # as above

    def __setitem__(self, key: Any, value: Any) -> None:
        _note(key)
        super().__setitem__(key, value)  # type: ignore[misc]  # as above

    def get(self, key: Any, *default: Any) -> Any:
        _note(key)
        return super().get(key, *default)  # type: ignore[misc]  # as above

    def pop(self, key: Any, *default: Any) -> Any:
        _note(key)
        return super().pop(key, *default)  # type: ignore[misc]  # as above


def _note(key: Any) -> None:
    if isinstance(key, str):
        _Noting.asked.add(key)


class _NotingDict(_Noting, dict[Any, Any]):
    pass


def _watch(backend: Any) -> None:
    """Make the dictionaries of a backend note what they are asked for."""
    for name, value in list(vars(backend).items()):
        if not isinstance(value, dict) or isinstance(value, _Noting):
            continue
        if type(value) is dict:
            setattr(backend, name, _NotingDict(value))
            continue
        noting: Any = type(f"Noting{type(value).__name__}", (_Noting, type(value)), {})
        try:
            value.__class__ = noting
        except TypeError:
            # of a class written in C, which an object cannot change into
            made = (
                noting(value.default_factory, value)
                if isinstance(value, defaultdict)
                else noting(value)
            )
            setattr(backend, name, made)


@contextmanager
def watched(service: str) -> Iterator[None]:
    """Watch the backends of a service of the tests' account, in the place where calls go."""
    backends: Any = get_backend(module_of(service))[people.ACCOUNT]  # type: ignore[call-overload]  # any name
    for place in (REGION, "aws"):
        if place in backends:
            _watch(backends[place])
    _Noting.asked = set()
    yield


class _Marks:
    """Makes values for parameters, each text with a mark of its own."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._numbers = count(1)
        self.made: dict[str, str] = {}

    def value(self, shape: Any, path: str = "", depth: int = 0) -> Any:
        """Return a value that the shape accepts, with all its members."""
        match shape.type_name:
            case "structure":
                if depth > _DEEPEST:
                    return {}
                inner = {
                    name: self.value(member, f"{path}.{name}", depth + 1)
                    for name, member in shape.members.items()
                }
                if getattr(shape, "is_tagged_union", False) and inner:
                    name = next(iter(inner))
                    return {name: inner[name]}
                return inner
            case "list":
                return [self.value(shape.member, path, depth + 1)] if depth < _DEEPEST else []
            case "map":
                return {self._text(shape.key, path): self.value(shape.value, path, depth + 1)}
            case "string":
                return self._text(shape, path)
            case "integer" | "long":
                return max(1, shape.metadata.get("min", 1))
            case other:
                return SIMPLE.get(other, b"abcd")

    def _text(self, shape: Any, path: str) -> str:
        if getattr(shape, "enum", None):
            return str(shape.enum[0])
        mark = f"mark{next(self._numbers):05}x"
        self.made[mark] = path
        name = path.rpartition(".")[2].lower()
        if name.endswith(("arn", "arns")):
            return f"arn:aws:{self._service}:{REGION}:{people.ACCOUNT}:{self._kind(name)}{mark}"
        if name == "queueurl":
            return f"{URL}/{people.ACCOUNT}/{mark}"
        return mark

    def _kind(self, name: str) -> str:
        kind = name.removesuffix("s").removesuffix("arn")
        return "" if self._service == "sns" or kind in {"", "resource"} else f"{kind}/"


LOOKED_AT = {
    "iam:AddUserToGroup": ".UserName",
    "iam:RemoveUserFromGroup": ".UserName",
    "s3:PutBucketLogging": ".BucketLoggingStatus.LoggingEnabled.TargetBucket",
}
"""Parameters at which AWS looks as well without asking the caller: a membership is asked about of
the group alone (AWS Service Authorization Reference); whether S3's own delivery may write to a
bucket is between that bucket and S3 (Amazon S3 User Guide, "Enabling Amazon S3 server access
logging")."""


@dataclass(frozen=True)
class Touch:
    """One call, and what the authorizer asked about and moto went by.

    Attributes:
        operation: the service and the operation.
        asked: the resources that were asked about; None for one that was not known.
        touched: the marks among the keys that moto looked for, each with its parameter.
    """

    operation: str
    asked: tuple[str | None, ...]
    touched: Mapping[str, str]

    def unasked(self) -> dict[str, str]:
        """Return what moto went by and nobody asked about; nothing where something was unknown."""
        if not self.asked or None in self.asked or "*" in self.asked:
            return {}
        known = " ".join(str(one) for one in self.asked)
        return {
            mark: path
            for mark, path in self.touched.items()
            if mark not in known and LOOKED_AT.get(self.operation) != path
        }


def touches(aws: LocalAws, service: str, *, required_only: bool) -> Iterator[Touch]:
    """Yield what each operation of a service touches, asked by one who may do everything."""
    client: Any = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=URL,
        aws_access_key_id=people.key_id("admin"),
        aws_secret_access_key=people.secret("admin"),
        config=Config(
            retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False
        ),
    )
    caught: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        caught.append(request)
        return AWSResponse(request.url, 418, {}, io.BytesIO(b""))

    client.meta.events.register("before-send.*", catch)
    for name in client.meta.service_model.operation_names:
        shape = client.meta.service_model.operation_model(name).input_shape
        marks = _Marks(client.meta.service_model.signing_name)
        params = marks.value(shape) if shape is not None else {}
        if required_only and shape is not None:
            params = {key: params[key] for key in shape.required_members}
        caught.clear()
        with suppress(Exception):  # the answer is not one; and some shapes cannot be filled
            client._make_api_call(name, params)
        if caught:
            yield _touch(aws, service, name, caught[0], marks)


def _touch(
    aws: LocalAws, service: str, operation: str, request: AWSPreparedRequest, marks: _Marks
) -> Touch:
    aws.world.log = DecisionLog()
    with watched(service):
        b"".join(Authorizer(aws.world)(environ_of(request), lambda *_: lambda _: None))
        asked = frozenset(_Noting.asked)
    entries = aws.world.log.entries()
    touched = {
        mark: path
        for mark, path in marks.made.items()
        # a tag is compared with those that there are, and is no resource
        if "tag" not in path.lower() and any(mark in key for key in asked)
    }
    resources = tuple(e.resource for e in entries if not e.action.startswith("iam:PassRole"))
    return Touch(f"{service}:{operation}", resources, touched)
