"""The forced change of a password: iam:ChangePassword, called over the wire by the user's session.

The change-password page of the console has no right of its own: it uses the user's identity, and
so meets the user's policies (fact §8.1). Here it is a signed request to this very server.
"""

from functools import cache
from http.client import HTTPConnection
from urllib.parse import urlencode
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader

from sekisho.localaws.refusal import Refusal
from sekisho.localaws.tokens import Issued
from sekisho.localaws.world import World

__all__ = ["change_over_the_wire"]

_TIMEOUT = 30.0  # seconds; the answer comes from this machine
_OK = 200


def change_over_the_wire(
    world: World, server: tuple[str, int], session: Issued, passwords: tuple[str, str]
) -> Refusal | None:
    """Call ChangePassword with the session's credentials; return what refused it, or None.

    Args:
        world: the world of the endpoint; its lock must not be held.
        server: host and port of the endpoint itself.
        session: the user's console session.
        passwords: the present one, and the one that is to replace it.
    """
    old, new = passwords
    host = f"{server[0]}:{server[1]}"
    form = {
        "Action": "ChangePassword",
        "Version": "2010-05-08",
        "OldPassword": old,
        "NewPassword": new,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": host}
    request = AWSRequest("POST", f"http://{host}/", headers, urlencode(form).encode())
    keys = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    SigV4Auth(keys, "iam", _region(world.partition)).add_auth(request)
    connection = HTTPConnection(*server, timeout=_TIMEOUT)
    try:
        connection.request("POST", "/", request.body, dict(request.headers.items()))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return None if answer.status == _OK else _refusal(answer.status, body)


@cache
def _region(partition: str) -> str:
    """Return the region for which a partition's global services are signed."""
    listed = Loader().load_data("partitions")["partitions"]
    regions = {each["id"]: each["outputs"]["implicitGlobalRegion"] for each in listed}
    return str(regions[partition])


def _refusal(status: int, body: bytes) -> Refusal:
    found = {
        "Code": "InternalFailure",
        "Message": "the answer of ChangePassword has no error in it",
    }
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - our own server wrote it
    except ElementTree.ParseError:
        return Refusal(found["Code"], found["Message"], status)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in found and element.text:
            found[name] = element.text
    return Refusal(found["Code"], found["Message"], status)
