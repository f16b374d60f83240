"""The one hand-over to moto: a request rebuilt from what was verified.

The authorizer classifies this request and moto answers it, so there is nothing else that either
could
read: no second credential, no host that names a bucket or a region, no header that stands in for a
parameter, and a service that is chosen by the classification alone.
"""

import io
from typing import Any, NoReturn, cast
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sekisho.localaws import pin
from sekisho.localaws.classify import module_of
from sekisho.localaws.sigv4 import ALGORITHM, Signed

__all__ = ["Dispatcher", "canonical"]

_HEADERS = frozenset(
    f"HTTP_{name}"
    for name in (
        "ACCEPT",
        "CACHE_CONTROL",
        "CONTENT_DISPOSITION",
        "CONTENT_ENCODING",
        "CONTENT_LANGUAGE",
        "CONTENT_MD5",
        "EXPIRES",
        "IF_MATCH",
        "IF_MODIFIED_SINCE",
        "IF_NONE_MATCH",
        "IF_UNMODIFIED_SINCE",
        "RANGE",
    )
)
"""The headers that an API reads, beside those of AWS's own, all of which are signed. moto takes a
header for a parameter where a request has no other, so the rest is not handed over."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PATH = "/%-_.~:@!$&'()*+,="


def canonical(
    environ: WSGIEnvironment, body: bytes, signed: Signed, account: str
) -> WSGIEnvironment:
    """Return the request that is classified and, if allowed, answered."""
    made = {
        name: value
        for name, value in environ.items()
        if not name.startswith("HTTP_") or name.startswith("HTTP_X_AMZ") or name in _HEADERS
    }
    for name in ("werkzeug.request", "wsgi.input_terminated"):
        made.pop(name, None)
    # a raw `;` or `#` would end the path for some of moto's readers and not for others
    path, query = quote(Request(environ).raw_path, safe=_PATH), environ.get("QUERY_STRING", "")
    made |= {
        "RAW_URI": f"{path}?{query}" if query else path,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
        "HTTP_USER_AGENT": "sekisho",
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "HTTP_AUTHORIZATION": (
            f"{ALGORITHM} Credential={signed.access_key_id}/{signed.day}/{signed.region}/"
            f"{signed.service}/aws4_request, SignedHeaders=host, Signature=0"
        ),
    }
    if signed.service != "s3":
        # moto would read an unpacked body where the authorizer read the packed one
        made.pop("HTTP_CONTENT_ENCODING", None)
    elif str(made.get("CONTENT_TYPE", "")).lower().startswith(_FORMS):
        # an object's bytes are no form, and moto would take a form's fields for parameters
        made["CONTENT_TYPE"] = "application/octet-stream"
    return made | {"wsgi.input": io.BytesIO(body)}


class Dispatcher(DomainDispatcherApplication):
    """moto's applications, of which the classified service's is taken; moto guesses nothing."""

    def __init__(self) -> None:
        super().__init__(_app)

    def get_application(self, environ: dict[str, Any]) -> Any:  # noqa: ARG002 - moto's signature
        """Return the application of the service that the authorizer has classified."""
        module = module_of(pin.handed().call.service)
        with self.lock:
            if module not in self.app_instances:
                self.app_instances[module] = self.create_app(module)  # type: ignore[arg-type]  # a name of moto's own list: `classify` looked
            return self.app_instances[module]


_CHECKED = frozenset(
    {
        "dispatch",
        "api_version_elb_backend",
        "bucket_dispatch",
        "key_dispatch",
        "ambiguous_dispatch",
    }
)
"""moto's handlers that come by the check in `pin`."""


def _app(service: Any) -> Any:
    """Return moto's application of a service, without what would pass by the check in `pin`."""
    app = create_backend_app(service)
    for name, view in app.view_functions.items():
        # moto wraps each handler in an object of its own
        if cast("Any", view).callback.__name__ not in _CHECKED:
            app.view_functions[name] = _unchecked
    return app


def _unchecked(*_: object, **__: object) -> NoReturn:
    raise NotImplementedError("moto answers this without naming its operation")
