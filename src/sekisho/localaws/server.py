"""The local AWS as a server on this machine."""

import logging
import os
import socket
from http import HTTPStatus
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer, make_server

from sekisho.account import AccountFile
from sekisho.engine import Assumptions
from sekisho.errors import InternalError, PortInUse
from sekisho.localaws import overlay
from sekisho.localaws.authorizer import Authorizer
from sekisho.localaws.console_signin import signin_app
from sekisho.localaws.decision_log import DecisionLog
from sekisho.localaws.loading import load_into
from sekisho.localaws.world import Clock, World
from sekisho.messages import Message
from sekisho.signin import SigninAssumptions

HOST = "127.0.0.1"
CONSOLE_PATH = "/_console"
"""Where sign-in is; no S3 bucket can be called so."""

_LOGGER = logging.getLogger("sekisho.localaws")
_BACKLOG = 128


class _Handler(MotoRequestHandler):
    """moto's handler, which keeps raw paths and header names, without its chatter."""

    def run_wsgi(self) -> None:
        """Answer one request; one whose address is none is refused before anything reads it."""
        try:
            urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        super().run_wsgi()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log the outcome alone: an address may hold a signature, or be none."""
        self.log("info", "%s %s", code, size)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        _LOGGER.debug("%s: " + message, type, *args)


class LocalAws:
    """A local AWS with one account in it, running while the `with` block runs.

    Attributes:
        world: the state beyond moto.
        clock: the time that codes, sessions and policies go by.

    moto keeps its state in this process: of two of these that run at once with one account id, the
    later empties the account of the earlier.
    """

    def __init__(
        self,
        account: AccountFile,
        *,
        port: int = 0,
        clock: Clock | None = None,
        signin: SigninAssumptions | None = None,
        engine: Assumptions | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.world = World(
            account.account,
            account.partition,
            self.clock,
            engine or Assumptions(),
            signin or SigninAssumptions(),
        )
        self._account = account
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """The endpoint URL.

        Raises:
            InternalError: if it does not run.
        """
        if self._server is None:
            raise InternalError("the local AWS was asked for its address while it does not run")
        return f"http://{HOST}:{self._server.port}"

    @property
    def console_url(self) -> str:
        """Where sign-in is."""
        return self.url + CONSOLE_PATH

    @property
    def region(self) -> str:
        """The region for which IAM's and STS's calls of the account's partition are signed.

        Raises:
            InternalError: if botocore does not know the partition.
        """
        return self.world.region

    @property
    def log(self) -> DecisionLog:
        """Who asked for what, and why it was answered so."""
        return self.world.log

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            PortInUse: if the port is in use.
            FaultyAccount: if the account cannot be loaded.
        """
        listener = _listener(self._port)
        try:
            _empty(self.world)
            load_into(self.world, self._account)
            overlay.install()
            app = _application(self.world)
            self._server = make_server(
                HOST, self._port, app, True, request_handler=_Handler, fd=listener.fileno()
            )
        finally:
            # the server has its own copy of the socket
            listener.close()
        self._thread = Thread(
            target=self._server.serve_forever,
            # seconds until a stop is noticed; werkzeug waits half of one
            kwargs={"poll_interval": 0.05},
            name="sekisho-local",
            daemon=True,
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None:
            server.shutdown()
            server.server_close()
        if thread is not None:
            thread.join()


def _listener(port: int) -> socket.socket:
    """Return a listening socket; werkzeug would end the process if it could not have one."""
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortInUse(
            Message("cannot listen on {host}:{port}: {reason}").filled(
                host=HOST, port=port, reason=os.strerror(error.errno or 0)
            ),
            fix=Message("choose another with `--port`, or leave it out for a free one"),
        ) from error


def _empty(world: World) -> None:
    """Empty moto's state of the account, and let it have AWS's managed policies."""
    # either would let a request reach another account than the one that was decided about
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    known: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto has no other list
    for backends in tuple(known):
        if world.account in backends:
            backends[world.account].reset()
    iam_backends[world.account][world.partition].reset()


def _application(world: World) -> WSGIApplication:
    authorizer = Authorizer(world)
    signin = signin_app(world)
    return DispatcherMiddleware(authorizer, {CONSOLE_PATH: _only_by_own_name(signin)})


def _only_by_own_name(app: WSGIApplication) -> WSGIApplication:
    """Refuse requests that a browser was led to send under another host's name."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        host = str(environ.get("HTTP_HOST", "")).rpartition(":")[0]
        if host not in {HOST, "localhost"}:
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"the sign-in answers only to 127.0.0.1 and localhost\n"]
        return app(environ, start_response)

    return run
