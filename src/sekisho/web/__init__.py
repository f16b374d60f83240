"""Two sites on this computer: the console to rehearse in, and a workbench that only reads.

`console` looks and reads like the AWS console, over a local AWS; `workbench` shows what the
commands answer about an account. Both are server-rendered, bound to loopback, and share `site`
(what every request passes), `browsers` (what a cookie stands for) and `server`.

They need the packages of the extra `local`.
"""

from sekisho.errors import require_extra

require_extra("local", ("flask", "segno", "waitress", "werkzeug"))

from sekisho.web.server import WebServer  # noqa: E402 - needs what was looked for
from sekisho.web.site import Site  # noqa: E402 - as above

__all__ = ["Site", "WebServer"]
