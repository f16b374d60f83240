"""A request signed by hand, for what no client would send."""

import hashlib
import hmac
import http.client
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


def send(
    url: str,
    service: str,
    key: str,
    secret: str,
    *,
    minutes: int = 0,
    body: str = "Action=GetUser&Version=2010-05-08&UserName=admin",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Send a form signed `minutes` from now; `headers` are added without being signed."""
    where = urlsplit(url)
    stamp = _stamp(minutes)
    scope = _scope(stamp, service)
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\nhost:{where.netloc}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n{digest}"
    signature = _signature(secret, stamp, scope, canonical)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amz-Date": stamp,
            "Authorization": f"{ALGORITHM} Credential={key}/{scope}, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}",
        }
        connection.request("POST", "/", body, sent | dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def presigned(
    where: tuple[str, str],
    service: str,
    key: str,
    secret: str,
    signed: Mapping[str, str],
    **about: str | None,
) -> str:
    """Return the address of a request, signed in its query string.

    Args:
        where: the method and the path.
        service: for which the signature is.
        key: whose signature it is.
        secret: makes the signature.
        signed: the headers under the signature, by name in lower case.
        about: parameters of the signature that are others than they should be, by name without
            `X-Amz-`; what is None is left out, and the signature is right for the rest.
    """
    method, path = where
    stamp = _stamp(0)
    scope = _scope(stamp, service)
    usual = {
        "Algorithm": ALGORITHM,
        "Credential": f"{key}/{scope}",
        "Date": stamp,
        "Expires": "3600",
        "SignedHeaders": ";".join(signed),
    }
    given = {name: value for name, value in {**usual, **about}.items() if value is not None}
    query = "&".join(
        f"X-Amz-{name}={quote(value, safe='-_.~')}" for name, value in sorted(given.items())
    )
    headers = "".join(f"{name}:{value}\n" for name, value in signed.items())
    digest = "UNSIGNED-PAYLOAD" if service == "s3" else hashlib.sha256(b"").hexdigest()
    canonical = f"{method}\n{path}\n{query}\n{headers}\n{';'.join(signed)}\n{digest}"
    if "Signature" in about:
        return f"{path}?{query}"
    return f"{path}?{query}&X-Amz-Signature={_signature(secret, stamp, scope, canonical)}"


def _stamp(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")


def _scope(stamp: str, service: str) -> str:
    return f"{stamp[:8]}/us-east-1/{service}/aws4_request"


def _signature(secret: str, stamp: str, scope: str, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return sign(secret, scope, f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}")


def sign(secret: str, scope: str, text: str) -> str:
    """Return the signature of a text by a key's secret, for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return hmac.new(key, text.encode(), "sha256").hexdigest()
