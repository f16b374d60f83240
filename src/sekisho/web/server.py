"""A site as a server on this computer, running while a `with` block runs."""

import gc
from threading import Thread
from types import TracebackType
from typing import Self

from sekisho.errors import InternalError
from sekisho.localaws import LOOPBACK, HttpServer, listen
from sekisho.web.site import LONGEST_BODY, Site

HOST = "localhost"
"""The name in the address: passkeys belong to a name, not to a number."""


class WebServer:
    """A site, bound to loopback.

    Args:
        site: what answers.
        port: where; 0: a free one.
        option: what chose the port at the command.
    """

    def __init__(self, site: Site, port: int = 0, option: str = "--port") -> None:
        self._site = site
        self._option = option
        self._port = port
        self._server: HttpServer | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """The address of the first page.

        Raises:
            InternalError: if it does not run.
        """
        if self._server is None:
            raise InternalError("a site was asked for its address while it does not run")
        return f"http://{HOST}:{self._port}/"

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            PortInUse: if the port is in use.
        """
        listener = listen(self._port, self._option)
        self._port = listener.getsockname()[1]
        self._site.bind(f"{HOST}:{self._port}", f"{LOOPBACK}:{self._port}")
        # a longer body is not read: its length is enough to say so
        self._server = HttpServer(self._site.app, listener, lambda *_: LONGEST_BODY)
        # what is loaded by now stays: to look through it for garbage would take a page 0.1 s
        gc.freeze()
        self._thread = Thread(target=self._server.serve, name="sekisho-web", daemon=True)
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
        if server is not None and thread is not None:
            server.stop(thread)
            gc.unfreeze()
