"""Plays calls whose answers AWS recorded against a local AWS, over the wire, and compares.

The format of the cases: tests/data/aws-recorded/README.md.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sekisho.localaws import LocalAws
from sekisho.signin.totp import code_at, step_of

DATA = Path(__file__).parent / "data" / "aws-recorded"
FILES = ("identities", "credentials")

Case = dict[str, Any]

_CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=60)
_NAMED = re.compile(r"\{(n|account|caller|ref:\w+|totp:\w+:-?\d+|made:[\w-]+)\}")
_ANY = re.compile(r"\{(?:any|id(?::\w+)?)\}")


def recorded_cases(file: str) -> list[Case]:
    """Return the cases of one file."""
    lines = (DATA / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def expected_differences() -> dict[str, str]:
    """Return why a case is answered otherwise than by AWS, by the case's id."""
    listed = json.loads((DATA / "differences.json").read_text(encoding="utf-8"))
    return {case: each["reason"] for each in listed["differences"] for case in each["cases"]}


class Player:
    """Plays cases against one local AWS as one caller.

    Args:
        aws: where the calls go.
        keys: the id and the secret of an administrator's access key.
    """

    def __init__(self, aws: LocalAws, keys: tuple[str, str]) -> None:
        self._aws = aws
        self._session = boto3.Session()
        caller = {"AccessKeyId": keys[0], "SecretAccessKey": keys[1]}
        self._clients = {name: self._client(name, caller) for name in ("iam", "sts")}
        me = self._clients["sts"].get_caller_identity()
        self._names = {"account": me["Account"], "caller": me["Arn"]}

    def differences(self, case: Case, unique: str) -> list[str]:
        """Return where the answer to a case is not AWS's.

        Args:
            case: the case.
            unique: what no other case has in its names.

        Raises:
            ClientError: if a step before the call is refused.
        """
        saved: dict[str, Any] = {**self._names, "n": unique}
        for step in case["setup"]:
            self._set_up(step, saved)
        expected = case["expect"]
        if "change" in expected:
            return self._changes(case, saved)
        try:
            answer = self._call(case["call"], saved, pages=expected.get("pages", False))
        except ClientError as refused:
            error = _error(refused)
            if "error" not in expected:
                return [f"refused: {error}"]
            return _error_differences(self._fill(expected["error"], saved), error)
        if "error" in expected:
            return [f"answered: {_short(answer)}"]
        wanted, select = (self._fill(expected.get(k, {}), saved) for k in ("response", "select"))
        return _Comparison(expected).differences(wanted, _narrowed(answer, expected, select))

    def _set_up(self, step: Case, saved: dict[str, Any]) -> None:
        try:
            self._call(step, saved)
        except ClientError:
            if not step.get("optional"):
                raise

    def _changes(self, case: Case, saved: dict[str, Any]) -> list[str]:
        before = self._call(case["call"], saved)
        for step in case["expect"]["between"]:
            self._set_up(step, saved)
        after = self._call(case["call"], saved)
        return [
            f"{part}.{key}: {before[part][key]}, then {after[part][key]}, not {change:+d}"
            for part, changes in case["expect"]["change"].items()
            for key, change in changes.items()
            if after[part][key] - before[part][key] != change
        ]

    def _call(self, step: Case, saved: dict[str, Any], *, pages: bool = False) -> Any:
        service, operation = step["op"].split(".")
        caller = step.get("as")
        client = self._client(service, saved[caller]) if caller else self._clients[service]
        send = getattr(client, _methods(service)[operation])
        params = self._fill(step["params"], saved)
        answer = send(**params)
        if pages:
            answer = _all_pages(answer, lambda marker: send(**params, Marker=marker))
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        for name, path in step.get("save", {}).items():
            saved[name] = _at(answer, path)
        return answer

    def _client(self, service: str, keys: Mapping[str, str]) -> Any:
        return self._session.client(
            service,
            endpoint_url=self._aws.url,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=_CONFIG,
        )

    def _fill(self, template: Any, saved: Mapping[str, Any]) -> Any:
        match template:
            case {"$json": document}:
                return json.dumps(self._fill(document, saved))
            case dict():
                return {
                    self._fill(key, saved): self._fill(each, saved)
                    for key, each in template.items()
                }
            case list():
                return [self._fill(each, saved) for each in template]
            case str():
                return _NAMED.sub(lambda found: self._value(found[1], saved), template)
            case _:
                return template

    def _value(self, name: str, saved: Mapping[str, Any]) -> str:
        kind, _, rest = name.partition(":")
        match kind:
            case "ref":
                return str(saved[rest])
            case "totp":
                device, steps = rest.split(":")
                now = step_of(self._aws.clock.now())
                return code_at(saved[device], now + int(steps))
            case "made":
                return made(rest)
            case _:
                return str(saved[kind])


@cache
def _methods(service: str) -> dict[str, str]:
    client = boto3.client(service, region_name="us-east-1")
    return {operation: name for name, operation in client.meta.method_to_api_mapping.items()}


def _all_pages(answer: Any, next_page: Any) -> Any:
    while answer["IsTruncated"]:
        following = next_page(answer.pop("Marker"))
        joined = {k: answer[k] + v for k, v in following.items() if isinstance(v, list)}
        answer = {**following, **joined}
    del answer["IsTruncated"]
    return answer


def _at(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[part]
    return answer.decode() if isinstance(answer, bytes) else answer


def _error(refused: ClientError) -> dict[str, Any]:
    error = dict(refused.response["Error"])
    error["HTTPStatusCode"] = refused.response["ResponseMetadata"]["HTTPStatusCode"]
    return error


def _error_differences(wanted: dict[str, Any], error: dict[str, Any]) -> list[str]:
    # some of AWS's errors have no message at all
    wanted = {"Message": None} | wanted
    return [
        f"{key}: {error.get(key)!r}, not {value!r}"
        for key, value in wanted.items()
        if (error.get(key) or None) != value
    ]


def _narrowed(answer: dict[str, Any], expected: Case, select: dict[str, Any]) -> dict[str, Any]:
    for field, entry in select.items():
        wanted = _Comparison({"partial": [""]})
        answer[field] = [each for each in answer[field] if not wanted.differences(entry, each)]
    only = expected.get("only")
    return {key: answer[key] for key in only if key in answer} if only else answer


class _Comparison:
    """Compares an answer with a template: every key, every value, every type."""

    def __init__(self, expected: Case) -> None:
        self._partial = expected.get("partial", [])
        self._unordered = expected.get("unordered", {})

    def differences(self, wanted: Any, answer: Any, path: str = "") -> list[str]:
        match wanted:
            case dict():
                return self._structure(wanted, answer, path)
            case list():
                return self._list(wanted, answer, path)
            case str():
                right = _matches(wanted, answer)
            case _:
                right = wanted == answer and type(wanted) is type(answer)
        return [] if right else [f"{path}: {_short(answer)}, not {_short(wanted)}"]

    def _structure(self, wanted: dict[str, Any], answer: Any, path: str) -> list[str]:
        if not isinstance(answer, dict):
            return [f"{path}: {_short(answer)} is no structure"]
        found = []
        if path not in self._partial:
            surplus = [key for key in answer if key not in wanted]
            found += [f"{path}.{key}: AWS has none; {_short(answer[key])}" for key in surplus]
        for key, each in wanted.items():
            if key in answer:
                below = f"{path}.{key}" if path else key
                found += self.differences(each, answer[key], below)
            elif each != "{any?}":
                found.append(f"{path}.{key}: missing")
        return found

    def _list(self, wanted: list[Any], answer: Any, path: str) -> list[str]:
        if not isinstance(answer, list):
            return [f"{path}: {_short(answer)} is no list"]
        if len(wanted) != len(answer):
            return [f"{path}: {len(answer)} entries, not {len(wanted)}: {_short(answer)}"]
        if key := self._unordered.get(path):
            wanted = sorted(wanted, key=lambda each: str(each[key]))
            answer = sorted(answer, key=lambda each: str(each[key]))
        return [
            difference
            for number, (left, right) in enumerate(zip(wanted, answer, strict=True))
            for difference in self.differences(left, right, f"{path}[{number}]")
        ]


def _matches(wanted: str, answer: Any) -> bool:
    match wanted:
        case "{int}":
            return type(answer) is int
        case "{date}":
            return isinstance(answer, datetime)
        case "{bytes}":
            return isinstance(answer, bytes) and bool(answer)
        case "{any?}":
            return True
        case "{any}":
            return answer not in {None, ""}
        case "{secret}":
            return isinstance(answer, str) and len(answer) == 40
        case _:
            return isinstance(answer, str) and bool(_pattern(wanted).fullmatch(answer))


@cache
def _pattern(wanted: str) -> re.Pattern[str]:
    ends, pattern = 0, ""
    for found in _ANY.finditer(wanted):
        kind, _, prefix = found[0][1:-1].partition(":")
        gap = ".*" if kind == "any" else f"{prefix}[A-Z0-9]{{12,}}"
        pattern += re.escape(wanted[ends : found.start()]) + gap
        ends = found.end()
    return re.compile(pattern + re.escape(wanted[ends:]), re.DOTALL)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


@cache
def made(name: str) -> str:
    """Return a key for SSH (`ssh-N`) or a certificate (`cert-N`), made for this run."""
    match name.partition("-")[0]:
        case "ssh":
            public = _key(name).public_key()
            return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        case _:
            return _certificate(name)


@cache
def _key(_: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(name: str) -> str:
    """Return a certificate in PEM that is signed by itself."""
    now, subject = datetime.now(UTC), _x500(f"{name}.example.com")
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return built.sign(_key(name), SHA256()).public_bytes(Encoding.PEM).decode()


def _x500(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
