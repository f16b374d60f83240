"""Users' SSH public keys and signing certificates.

Source: IAM API Reference, UploadSSHPublicKey, UploadSigningCertificate and what belongs to them;
answers recorded from AWS (tests/data/aws-recorded).
"""

import binascii
from base64 import b64decode
from hashlib import md5

from cryptography.x509 import load_pem_x509_certificate
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import SigningCertificate, SshPublicKey, User
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id

from sekisho.localaws.overlay.request import limit_exceeded, named_user, now, page, text, user_of
from sekisho.localaws.wire.errors import Refusal

_MOST_SSH_KEYS = 5
_MOST_CERTIFICATES = 2
_ID_LENGTH = 28


def upload_ssh_public_key(self: IamResponse) -> ActionResult:
    """Give a user an SSH key for CodeCommit."""
    user = named_user(text(self, "UserName"))
    if len(user.ssh_public_keys) >= _MOST_SSH_KEYS:
        raise limit_exceeded(f"Cannot exceed quota for SSHPublicKeysPerUser: {_MOST_SSH_KEYS}")
    key = user.upload_ssh_public_key(text(self, "SSHPublicKeyBody"))
    key.upload_date, key.fingerprint = now(), _fingerprint(key.ssh_public_key_body)
    return ActionResult({"SSHPublicKey": _whole_key(user, key)})


def get_ssh_public_key(self: IamResponse) -> ActionResult:
    """Show an SSH key, as it was uploaded."""
    user = named_user(text(self, "UserName"))
    return ActionResult({"SSHPublicKey": _whole_key(user, _ssh_key(self, user))})


def list_ssh_public_keys(self: IamResponse) -> ActionResult:
    """List a user's SSH keys without their bodies."""
    user = user_of(self)
    keys, more = page(self, user.ssh_public_keys)
    return ActionResult({"SSHPublicKeys": [_listed_key(user, key) for key in keys], **more})


def update_ssh_public_key(self: IamResponse) -> ActionResult:
    """Make an SSH key active or inactive."""
    _ssh_key(self, named_user(text(self, "UserName"))).status = text(self, "Status")
    return EmptyResult()


def delete_ssh_public_key(self: IamResponse) -> ActionResult:
    """Delete an SSH key."""
    user = named_user(text(self, "UserName"))
    user.ssh_public_keys.remove(_ssh_key(self, user))
    return EmptyResult()


def _ssh_key(response: IamResponse, user: User) -> SshPublicKey:
    wanted = text(response, "SSHPublicKeyId")
    for key in user.ssh_public_keys:
        if key.ssh_public_key_id == wanted:
            return key
    raise Refusal("NoSuchEntity", f"The Public Key with id {wanted} cannot be found.", 404)


def _fingerprint(body: str) -> str:
    """Return the MD5 of a key, in pairs of digits, as AWS shows it."""
    encoded = body.split()[1:2] or [""]
    try:
        content = b64decode(encoded[0], validate=True)
    except binascii.Error:
        content = body.encode()
    return md5(content, usedforsecurity=False).digest().hex(":")


def _listed_key(user: User, key: SshPublicKey) -> dict[str, object]:
    # the user's name of today: moto keeps the one that the user had
    return {
        "UserName": user.name,
        "SSHPublicKeyId": key.ssh_public_key_id,
        "Status": key.status,
        "UploadDate": key.upload_date,
    }


def _whole_key(user: User, key: SshPublicKey) -> dict[str, object]:
    body = {"SSHPublicKeyBody": key.ssh_public_key_body, "Fingerprint": key.fingerprint}
    return _listed_key(user, key) | body


def upload_signing_certificate(self: IamResponse) -> ActionResult:
    """Give a user a certificate for signing requests."""
    user, body = user_of(self), text(self, "CertificateBody")
    try:
        load_pem_x509_certificate(body.encode())
    except ValueError:
        message = f"Certificate {body} is malformed."
        raise Refusal("MalformedCertificate", message, 400) from None
    if len(user.signing_certificates) >= _MOST_CERTIFICATES:
        raise limit_exceeded(f"Cannot exceed quota for CertificatesPerUser: {_MOST_CERTIFICATES}")
    identifier = str(random_resource_id(_ID_LENGTH)).upper()
    made = SigningCertificate(identifier, user.name, body)
    made.upload_date = now()
    user.signing_certificates[identifier] = made
    return ActionResult({"Certificate": _signing(user, made)})


def list_signing_certificates(self: IamResponse) -> ActionResult:
    """List a user's certificates."""
    user = user_of(self)
    found, more = page(self, list(user.signing_certificates.values()))
    return ActionResult({"Certificates": [_signing(user, each) for each in found], **more})


def update_signing_certificate(self: IamResponse) -> ActionResult:
    """Make a certificate active or inactive."""
    _signing_certificate(self, user_of(self)).status = text(self, "Status")
    return EmptyResult()


def delete_signing_certificate(self: IamResponse) -> ActionResult:
    """Delete a certificate."""
    user = user_of(self)
    del user.signing_certificates[_signing_certificate(self, user).id]
    return EmptyResult()


def _signing_certificate(response: IamResponse, user: User) -> SigningCertificate:
    wanted = text(response, "CertificateId")
    found = user.signing_certificates.get(wanted)
    if found is None:
        raise Refusal("NoSuchEntity", f"The Certificate with id {wanted} cannot be found.", 404)
    return found


def _signing(user: User, certificate: SigningCertificate) -> dict[str, object]:
    return {
        "UserName": user.name,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": certificate.status,
        "UploadDate": certificate.upload_date,
    }


OPERATIONS = (
    upload_ssh_public_key,
    get_ssh_public_key,
    list_ssh_public_keys,
    update_ssh_public_key,
    delete_ssh_public_key,
    upload_signing_certificate,
    list_signing_certificates,
    update_signing_certificate,
    delete_signing_certificate,
)
