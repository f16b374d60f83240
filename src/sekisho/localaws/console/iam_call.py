"""A call of IAM that a page of the console makes with the session of the signed-in user.

It is signed with the session's credentials and goes through the authorizer like any client's, so
that the person's policies decide about it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode
from wsgiref.types import WSGIApplication
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug.test import create_environ, run_wsgi_app

from sekisho.account.aws import Keys
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import Refusal


def call_iam(
    world: World,
    authorizer: WSGIApplication,
    session: Keys,
    parameters: Mapping[str, str],
) -> Refusal | None:
    """Call an operation of IAM with a session's credentials; return its refusal, or None.

    Args:
        world: the state of the local AWS; its lock must be free.
        authorizer: the authorizer, which every request passes.
        session: the console session; whether it is a real one is for the authorizer to find out.
        parameters: `Action`, and what the operation takes.
    """
    form = {"Version": "2010-05-08", **parameters}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": "localhost",
    }
    # half a surrogate pair is refused by the authorizer, as all that is not UTF-8
    body = urlencode(form, errors="surrogatepass").encode()
    request = AWSRequest("POST", "http://localhost/", headers, body)
    keys = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    SigV4Auth(keys, "iam", world.region).add_auth(request)
    environ = create_environ(
        "/",
        "http://localhost/",
        method="POST",
        headers=dict(request.headers.items()),
        data=request.body,
    )
    answer, status, _ = run_wsgi_app(authorizer, environ, buffered=True)
    code = int(status[:3])
    return None if code == HTTPStatus.OK else _refusal_in(code, b"".join(answer))


def _refusal_in(status: int, body: bytes) -> Refusal:
    found = {"Code": "InternalFailure", "Message": "the answer of IAM has no error in it"}
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - our own server wrote it
    except ElementTree.ParseError:
        return Refusal(found["Code"], found["Message"], status)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in found and element.text:
            found[name] = element.text
    return Refusal(found["Code"], found["Message"], status)
