"""A request signed by hand, for what no client would send."""

import hashlib
import hmac
import http.client
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit


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
    stamp = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/{service}/aws4_request"
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\nhost:{where.netloc}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing_key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.new(signing_key, part.encode(), "sha256").digest()
    signature = hmac.new(signing_key, text.encode(), "sha256").hexdigest()
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amz-Date": stamp,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}",
        }
        connection.request("POST", "/", body, sent | dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
