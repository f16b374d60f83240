"""A site as a server on this computer, running while a `with` block runs.

Source: waitress's documentation, "Arguments to waitress.serve".
"""

import gc
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from waitress import wasyncore
from waitress.server import create_server

from sekisho.errors import InternalError
from sekisho.localaws import LOOPBACK, listen, stop
from sekisho.web.site import LONGEST_BODY, Site

HOST = "localhost"
"""The name in the address: passkeys belong to a name, not to a number."""

_THREADS = 8
_DRAIN_SECONDS = 5


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
        self._server: Any = None
        self._thread: Thread | None = None
        self._stopping = Event()

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
        self._server = create_server(
            self._site.app,
            sockets=[listener],
            threads=_THREADS,
            ident="sekisho",
            # a longer one is read a little further, for a better answer
            max_request_body_size=2 * LONGEST_BODY,
            clear_untrusted_proxy_headers=True,
        )
        # what is loaded by now stays: to look through it for garbage would take a page 0.1 s
        gc.freeze()
        self._stopping.clear()
        self._thread = Thread(target=self._serve, name="sekisho-web", daemon=True)
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
            stop(server, self._stopping, thread, _DRAIN_SECONDS)
            gc.unfreeze()

    def _serve(self) -> None:
        connections = self._server._map
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=connections, count=1)
