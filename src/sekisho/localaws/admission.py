"""How long the body of a request may be, judged by its head: before any of the body is read.

The body of a request without a key that the account knows is not read: the answer is known without
it. The pages of the sign-in need no key, and their bodies are short. An upload by a form has its
key in the body.
"""

from collections.abc import Mapping

from sekisho.localaws import sigv4
from sekisho.localaws.arriving import MAX_BODY_BYTES, BodyLimit
from sekisho.localaws.form_upload import is_form_upload
from sekisho.localaws.identify import is_known
from sekisho.localaws.world import World

_PAGE_BYTES = 32 * 1024


def body_limit(world: World, pages: tuple[str, ...]) -> BodyLimit:
    """Return the function that tells how long the body of a request may be.

    Args:
        world: which keys there are.
        pages: what the paths begin with that need no key.
    """

    def judge(method: str, target: str, headers: Mapping[str, str]) -> int:
        path, _, query = target.partition("?")

        def header(name: str) -> str | None:
            return headers.get(name.upper().replace("-", "_"))

        try:
            signed = sigv4.parse(sigv4.Http(method, path, query, header, frozenset(), b""))
        except sigv4.SignatureFault:
            return 0
        if signed is not None:
            return MAX_BODY_BYTES if is_known(world, signed) else 0
        if is_form_upload(method, headers):
            return MAX_BODY_BYTES
        return _PAGE_BYTES if path.startswith(pages) else 0

    return judge
