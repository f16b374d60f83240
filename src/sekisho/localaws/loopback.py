"""A port of this computer alone, for the local AWS and the sites."""

import os
import socket

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
