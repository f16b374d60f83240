"""Every operation of a service as botocore really sends it: filled, serialised and signed."""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel, Shape

SIMPLE = {
    "map": {},
    "float": 1.0,
    "double": 1.0,
    "boolean": True,
    "timestamp": "2024-01-01T00:00:00Z",
}
URL = "http://127.0.0.1:5000"


def value_of(shape: Shape, depth: int = 0) -> Any:
    """Return a value that the shape accepts, with what it requires and nothing else."""
    match shape.type_name:
        case "structure":
            required = set(shape.required_members)
            return {n: value_of(s, depth + 1) for n, s in shape.members.items() if n in required}
        case "list":
            return [value_of(shape.member, depth + 1)] if depth < 5 else []
        case "string":
            text = (getattr(shape, "enum", None) or ["abcd1234"])[0]
            return text.ljust(shape.metadata.get("min", 1), "a")[: shape.metadata.get("max", 999)]
        case "integer" | "long":
            return max(1, shape.metadata.get("min", 1))
        case other:
            return SIMPLE.get(other, b"abcd")


def requests_of(service: str, key: tuple[str, str]) -> Iterator[tuple[str, AWSPreparedRequest]]:
    """Yield each operation's name and its signed request; what is unsigned by model is left out."""
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=URL,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            inject_host_prefix=False,
        ),
    )
    caught: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        caught.append(request)
        return AWSResponse(request.url, 418, {}, io.BytesIO(b""))

    client.meta.events.register("before-send.*", catch)
    for name in client.meta.service_model.operation_names:
        operation: OperationModel = client.meta.service_model.operation_model(name)
        if operation.auth_type == "none":
            continue
        params = value_of(operation.input_shape) if operation.input_shape else {}
        caught.clear()
        try:
            client._make_api_call(name, params)
        except (ParamValidationError, ValueError, TypeError, KeyError):
            continue
        except Exception as error:
            if not caught:
                raise AssertionError(f"{service}.{name} was not sent") from error
        if caught:
            yield name, caught[0]


def environ_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """Return the WSGI environment in which a server would see the request."""
    url = urlsplit(request.url)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "RAW_URI": url.path + (f"?{url.query}" if url.query else ""),
        "QUERY_STRING": url.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in request.headers.items():
        text = value.decode() if isinstance(value, bytes) else str(value)
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
