"""A port of this computer alone, and the end of a server there: of the local AWS and of the sites.

Source: waitress's documentation, "Arguments to waitress.serve".
"""

import os
import socket
from threading import Event, Thread

from waitress import wasyncore
from waitress.server import BaseWSGIServer

from sekisho.errors import PortInUse
from sekisho.messages import Message

LOOPBACK = "127.0.0.1"

_BACKLOG = 128


def listen(port: int, option: str = "--port") -> socket.socket:
    """Return a listening socket.

    Args:
        port: where; 0: a free one.
        option: what chose the port at the command.

    Raises:
        PortInUse: if there can be none.
    """
    try:
        return socket.create_server((LOOPBACK, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortInUse(
            Message("cannot listen on {host}:{port}: {reason}").filled(
                host=LOOPBACK, port=port, reason=os.strerror(error.errno or 0)
            ),
            fix=Message("choose another with `{option}`, or leave it out for a free one").filled(
                option=option
            ),
        ) from error


def stop(server: BaseWSGIServer, stopping: Event, thread: Thread, seconds: float) -> None:
    """Stop a server: nothing new is accepted, what is being answered is waited for.

    Args:
        server: which.
        stopping: ends the loop of the thread that reads.
        thread: that thread.
        seconds: how long what is being answered may take.
    """
    server.accepting = False
    # first those who answer, then who reads: a worker wakes the reader when it is done
    server.task_dispatcher.shutdown(timeout=seconds)
    stopping.set()
    server.pull_trigger()
    thread.join()
    wasyncore.close_all(server._map)
