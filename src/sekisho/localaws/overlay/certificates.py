"""Users' SSH public keys and signing certificates, and the account's server certificates.

Source: IAM API Reference, UploadSSHPublicKey, UploadSigningCertificate, UploadServerCertificate and
what belongs to them; answers recorded from AWS (tests/data/aws-recorded).
"""

import binascii
from base64 import b64decode
from hashlib import md5

from cryptography.x509 import load_pem_x509_certificate
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import Certificate, SigningCertificate, SshPublicKey, User
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id

from sekisho.localaws.overlay.request import (
    already_exists,
    iam,
    limit_exceeded,
    naive,
    named_user,
    now,
    page,
    text,
    unique_id,
    user_of,
)
from sekisho.localaws.overlay.tags import keep_tags, tags_with, tags_without
from sekisho.localaws.wire import Refusal
from sekisho.localaws.world import WORLD

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
        raise _malformed(f"Certificate {body} is malformed.") from None
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


def _malformed(message: str) -> Refusal:
    return Refusal("MalformedCertificate", message, 400)


class _ServerCertificate(Certificate):
    """A server certificate with what moto does not keep; its key is not kept at all."""

    def __init__(self, name: str, body: str, chain: str | None, path: str) -> None:
        world = WORLD.get()
        super().__init__(world.account, world.partition, name, body, "", chain, path)
        try:
            parsed = load_pem_x509_certificate(body.encode())
        except ValueError:
            raise _malformed(
                "Unable to parse certificate. Please ensure the certificate is in PEM format."
            ) from None
        self.identifier = unique_id(world.account, "ASCA")
        self.uploaded_at = now()
        self.expires_at = naive(parsed.not_valid_after_utc)


def upload_server_certificate(self: IamResponse) -> ActionResult:
    """Put a certificate into the account, for load balancers."""
    name = text(self, "ServerCertificateName")
    _check_unused(name)
    chain, path = text(self, "CertificateChain") or None, text(self, "Path") or "/"
    made = _ServerCertificate(name, text(self, "CertificateBody"), chain, path)
    iam().certificates[made.identifier] = made
    tags = self._get_param("Tags", [])
    keep_tags(made.arn, tags)
    shown = {"Tags": tags} if tags else {}
    return ActionResult({"ServerCertificateMetadata": _metadata(made), **shown})


def get_server_certificate(self: IamResponse) -> ActionResult:
    """Show a certificate, never its key."""
    found = _named(text(self, "ServerCertificateName"))
    answer: dict[str, object] = {
        "ServerCertificateMetadata": _metadata(found),
        "CertificateBody": found.cert_body,
        "Tags": _tags(found),
    }
    if found.cert_chain:
        answer["CertificateChain"] = found.cert_chain
    return ActionResult({"ServerCertificate": answer})


def list_server_certificates(self: IamResponse) -> ActionResult:
    """List certificates by name."""
    prefix = text(self, "PathPrefix") or "/"
    found = [each for each in _server_certificates() if each.path.startswith(prefix)]
    shown, more = page(self, found)
    listed = [_metadata(each) for each in shown]
    return ActionResult({"ServerCertificateMetadataList": listed, **more})


def update_server_certificate(self: IamResponse) -> ActionResult:
    """Give a certificate another name or path. Its tags follow."""
    found = _named(text(self, "ServerCertificateName"))
    new = text(self, "NewServerCertificateName") or found.cert_name
    if new != found.cert_name:
        _check_unused(new)
    tags = _tags(found)
    keep_tags(found.arn, [])
    found.cert_name, found.path = new, text(self, "NewPath") or found.path
    keep_tags(found.arn, tags)
    return EmptyResult()


def delete_server_certificate(self: IamResponse) -> ActionResult:
    """Delete a certificate."""
    found = _named(text(self, "ServerCertificateName"))
    del iam().certificates[found.identifier]
    keep_tags(found.arn, [])
    return EmptyResult()


def tag_server_certificate(self: IamResponse) -> ActionResult:
    """Set tags of a certificate."""
    found = _named(text(self, "ServerCertificateName"))
    keep_tags(found.arn, tags_with(self, _tags(found), "ServerCertificate"))
    return EmptyResult()


def untag_server_certificate(self: IamResponse) -> ActionResult:
    """Remove tags of a certificate."""
    found = _named(text(self, "ServerCertificateName"))
    keep_tags(found.arn, tags_without(self, _tags(found)))
    return EmptyResult()


def list_server_certificate_tags(self: IamResponse) -> ActionResult:
    """List the tags of a certificate."""
    tags, more = page(self, _tags(_named(text(self, "ServerCertificateName"))))
    return ActionResult({"Tags": tags, **more})


def _tags(certificate: _ServerCertificate) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = iam().tagger.list_tags_for_resource(certificate.arn)["Tags"]
    return tags


def _named(name: str) -> _ServerCertificate:
    for each in _server_certificates():
        if each.cert_name == name:
            return each
    message = f"The Server Certificate with name {name} cannot be found."
    raise Refusal("NoSuchEntity", message, 404)


def _server_certificates() -> list[_ServerCertificate]:
    # all of them: nothing else at moto makes one
    known = iam().certificates.values()
    found = [each for each in known if isinstance(each, _ServerCertificate)]
    return sorted(found, key=lambda each: each.cert_name)


def _check_unused(name: str) -> None:
    if any(each.cert_name == name for each in iam().certificates.values()):
        raise already_exists(f"The Server Certificate with name {name} already exists.")


def _metadata(certificate: _ServerCertificate) -> dict[str, object]:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.cert_name,
        "ServerCertificateId": certificate.identifier,
        "Arn": certificate.arn,
        "UploadDate": certificate.uploaded_at,
        "Expiration": certificate.expires_at,
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
    upload_server_certificate,
    get_server_certificate,
    list_server_certificates,
    update_server_certificate,
    delete_server_certificate,
    tag_server_certificate,
    untag_server_certificate,
    list_server_certificate_tags,
)
