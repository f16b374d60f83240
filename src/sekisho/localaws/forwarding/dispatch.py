"""moto's handlers, called with the request that was decided about.

moto's server puts a Flask application before each service: it chooses the service by the host or by
what it finds in the body, reads the request once more, and adds headers for browsers of other
origins. Here the service is the classified one, a form that the authorizer has read is not read
again, and the handler is called at once; what Flask did besides cost a sixth of a request.

Source: `moto.moto_server.werkzeug_app`, `moto.core.utils.convert_to_flask_response`.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from botocore.exceptions import ClientError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from sekisho.lazy import dataclass
from sekisho.localaws.decision.classify import ApiCall, module_of
from sekisho.localaws.wire.errors import Dialect

_CHECKED = frozenset(
    {
        "dispatch",
        "api_version_elb_backend",
        "bucket_dispatch",
        "key_dispatch",
        "ambiguous_dispatch",
    }
)
"""moto's handlers that bypass the checks of `requests`."""

FORM_DIALECTS = frozenset({Dialect.QUERY, Dialect.EC2})
_PARTS = 3
_MOST_HOSTS = 64


class _ServerRequest(Request):
    """A request in the form that moto gets from a server, which adds the date itself."""

    from_wsgi_server = True


class _Answer(Response):
    """An answer as Flask's, if moto does not specify its class."""

    default_mimetype = "text/html"


@dataclass(frozen=True, slots=True)
class _Service:
    """moto's handlers of one service by endpoint, and the paths to the endpoints."""

    paths: Map
    handlers: Mapping[str, Callable[..., Any]]
    _of_root: dict[tuple[str, str], str] = field(default_factory=dict)
    """The endpoints of the path `/`, which most protocols use alone, by method and host."""

    def endpoint(self, environ: WSGIEnvironment) -> str:
        """Return the endpoint for a request's path.

        Raises:
            HTTPException: if there is none.
        """
        if environ["PATH_INFO"] != "/":
            return self._endpoint(environ)
        asked = environ["REQUEST_METHOD"], environ["HTTP_HOST"]
        if asked not in self._of_root and len(self._of_root) < _MOST_HOSTS:
            self._of_root[asked] = self._endpoint(environ)
        return self._of_root.get(asked) or self._endpoint(environ)

    def _endpoint(self, environ: WSGIEnvironment) -> str:
        endpoint: str = self.paths.bind_to_environ(environ).match()[0]
        return endpoint


@cache
def _service(module: Any) -> _Service:
    app: Any = create_backend_app(module)
    # moto wraps each handler in an object of its own
    handlers = {name: view.callback for name, view in app.view_functions.items()}
    return _Service(app.url_map, handlers)


def load_service(service: str) -> None:
    """Load the model and the handlers of a service, which takes up to a third of a second."""
    get_service_router(service)
    _service(module_of(service))


def answer(read: Request, call: ApiCall) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
    """Return moto's answer: body, status and headers.

    Args:
        read: the request as it was classified.
        call: the classified call.

    Raises:
        NotImplementedError: if moto does not have the operation, or answers it in a way that cannot
            be held to what was decided.
    """
    request = _handed_over(read, call)
    service = _service(module_of(call.service))
    try:
        response = _call_handler(service.handlers[service.endpoint(request.environ)], request)
    except NotFound as error:
        raise _not_implemented(call) from error
    except HTTPException as error:
        # an exception of moto is an answer, too
        response = error.get_response(request.environ)
    content, status, headers = response.get_wsgi_response(request.environ)
    page = "text/html" in dict(headers).get("Content-Type", "")
    if page and status[:3] in {"404", "405"} and not call.protocol.head:
        # the answer to HEAD has no body, and is said to be of this type for want of another
        raise _not_implemented(call)
    # read while the lock is held
    body = list(content)
    response.close()
    return body, status, headers


def _not_implemented(call: ApiCall) -> NotImplementedError:
    return NotImplementedError(f"{call.service}:{call.operation} has not been implemented")


def _handed_over(read: Request, call: ApiCall) -> Request:
    """Return a request for moto, with a form as the authorizer has read it."""
    body = read.get_data(cache=True)
    environ = {**read.environ, "wsgi.input": io.BytesIO(body)}
    request = _ServerRequest(environ)
    # it would read it once more, and keep that
    request.__dict__["_cached_data"] = body
    if call.protocol.dialect in FORM_DIALECTS:
        # where a form is read, nothing is left of the body
        found: dict[str, Any] = {"form": read.form, "files": read.files, "_cached_data": b""}
        request.__dict__.update(found, stream=io.BytesIO(), args=read.args, values=read.values)
    return request


def address(environ: WSGIEnvironment) -> str:
    """Return the address of a canonical request, in the form of moto's `raw_url`.

    moto's own way decodes and encodes it several times.
    """
    return f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ['RAW_URI']}"


def _call_handler(handler: Callable[..., Any], request: Request) -> Response:
    if handler.__name__ not in _CHECKED:
        raise NotImplementedError("moto answers this without naming its operation")
    try:
        result = handler(request, address(request.environ), dict(request.headers))
    except ClientError as error:
        result = 400, {}, error.response["Error"]["Message"]
    status, headers, content = result if len(result) == _PARTS else (200, {}, result)
    response = _Answer(response=content, status=status, headers=headers)
    if request.method == "HEAD" and "content-length" in headers:
        response.headers["Content-Length"] = headers["content-length"]
    return response
