"""Two sites on this computer: the console to rehearse in, and a workbench that only reads.

`console` looks and reads like the AWS console, over a local AWS; `workbench` shows what the
commands answer about an account. Both are server-rendered, bound to loopback, and share `site`
(what every request passes), `browsers` (what a cookie stands for) and `server`.

They need the packages of the extra `local`, their `--help` does not.
"""

from functools import partial
from typing import TYPE_CHECKING

from sekisho.errors import require_extra
from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.web.server import WebServer
    from sekisho.web.site import Site
else:
    __getattr__ = lazily(
        __name__,
        {
            "server": "WebServer",
            "site": "Site",
        },
        partial(require_extra, "local", ("flask", "segno", "waitress", "werkzeug")),
    )

__all__ = ["Site", "WebServer"]
