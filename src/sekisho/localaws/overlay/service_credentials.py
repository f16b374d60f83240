"""Credentials for one service: user names, passwords and API keys; SSH keys and certificates.

Service-specific credentials work without MFA for as long as they exist; so it matters to MFA
enforcement who may make one. No service of the local AWS takes them: secrets are in the answer that
makes them and nowhere else.

Source: IAM API Reference, CreateServiceSpecificCredential to UpdateServiceSpecificCredential,
UploadSSHPublicKey, UploadSigningCertificate and what belongs to them; IAM User Guide, "API keys for
AWS services"; answers recorded from AWS (tests/data/aws-recorded).
"""

import binascii
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import md5

from cryptography.x509 import load_pem_x509_certificate
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import SigningCertificate, SshPublicKey, User
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id

from sekisho.localaws.overlay.request import (
    iam,
    limit_exceeded,
    naive,
    named_user,
    now,
    page,
    text,
    unique_id,
    user_of,
    validation_error,
)
from sekisho.localaws.state.world import WORLD, ServiceCredentialState
from sekisho.localaws.wire.errors import Refusal

_WITH_PASSWORD = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})
_WITH_API_KEY = frozenset({"bedrock.amazonaws.com", "logs.amazonaws.com"})
_MOST_PER_SERVICE = 2
_SECRET_BYTES = 33
_MOST_SSH_KEYS = 5
_MOST_CERTIFICATES = 2
_ID_LENGTH = 28


def create_service_specific_credential(self: IamResponse) -> ActionResult:
    """Create a credential; its secret is only in this answer, or in that of a reset."""
    world, user = WORLD.get(), named_user(text(self, "UserName"))
    service = _service(self)
    mine = [each for _, each in _credentials_of([user]) if each.service == service]
    if len(mine) >= _MOST_PER_SERVICE:
        raise limit_exceeded(
            f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_MOST_PER_SERVICE}"
        )
    days, now = self._get_int_param("CredentialAgeDays"), world.clock.now()
    if days and service not in _WITH_API_KEY:
        raise validation_error(f"CredentialAgeDays is not supported for {service}")
    made = ServiceCredentialState(
        user.id,
        service,
        _free_name(service, user.name),
        now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    identifier = unique_id(world.account, "ACCA")
    world.service_credentials[identifier] = made
    return ActionResult({"ServiceSpecificCredential": _entry_with_secret(user, identifier, made)})


def list_service_specific_credentials(self: IamResponse) -> ActionResult:
    """List the credentials of a user, or of all users, without their secrets."""
    service = _service(self) if text(self, "ServiceName") else ""
    if self._get_bool_param("AllUsers", False):
        if text(self, "UserName"):
            raise validation_error("AllUsers cannot be specified together with UserName")
        users = [user for _, user in sorted(iam().users.items())]
    else:
        users = [user_of(self)]
    found = [
        _entry(user, identifier, each)
        for user in users
        for identifier, each in _credentials_of([user])
        if service in ("", each.service)
    ]
    shown, more = page(self, found)
    return ActionResult({"ServiceSpecificCredentials": shown, **more})


def update_service_specific_credential(self: IamResponse) -> ActionResult:
    """Make a credential active or inactive."""
    _, credential = _credential(self, user_of(self))
    credential.status = text(self, "Status")
    return EmptyResult()


def reset_service_specific_credential(self: IamResponse) -> ActionResult:
    """Replace a credential's secret."""
    user = user_of(self)
    identifier, credential = _credential(self, user)
    return ActionResult(
        {"ServiceSpecificCredential": _entry_with_secret(user, identifier, credential)}
    )


def delete_service_specific_credential(self: IamResponse) -> ActionResult:
    """Delete a credential."""
    identifier, _ = _credential(self, user_of(self))
    del WORLD.get().service_credentials[identifier]
    return EmptyResult()


def has_service_credentials(user: User) -> bool:
    """Return whether a user has any such credential, which prevents the user's deletion."""
    return bool(_credentials_of([user]))


def _credentials_of(users: list[User]) -> list[tuple[str, ServiceCredentialState]]:
    ids = {user.id for user in users}
    return [each for each in WORLD.get().service_credentials.items() if each[1].user_id in ids]


def _service(response: IamResponse) -> str:
    service = text(response, "ServiceName")
    if service not in _WITH_PASSWORD | _WITH_API_KEY:
        message = f"No such service {service} is supported for Service Specific Credentials"
        raise Refusal("NoSuchEntity", message, 404)
    return service


def _credential(response: IamResponse, user: User) -> tuple[str, ServiceCredentialState]:
    wanted = text(response, "ServiceSpecificCredentialId")
    for identifier, credential in _credentials_of([user]):
        if identifier == wanted:
            return identifier, credential
    raise Refusal("NoSuchEntity", f"No such credential {wanted} exists", 404)


def _free_name(service: str, user: str) -> str:
    """Return `alice-at-111122223333`; the second of a service is `alice+1-at-…`."""
    world = WORLD.get()
    credentials = world.service_credentials.values()
    used = {each.name for each in credentials if each.service == service}
    name, number = f"{user}-at-{world.account}", 0
    while name in used:
        number += 1
        name = f"{user}+{number}-at-{world.account}"
    return name


def _entry(user: User, identifier: str, credential: ServiceCredentialState) -> dict[str, object]:
    api_key = credential.service in _WITH_API_KEY
    expires = credential.expires_at
    expired = expires is not None and expires <= WORLD.get().clock.now()
    answer: dict[str, object] = {
        "UserName": user.name,
        "ServiceSpecificCredentialId": identifier,
        "ServiceName": credential.service,
        "ServiceCredentialAlias" if api_key else "ServiceUserName": credential.name,
        "Status": "Expired" if expired else credential.status,
        "CreateDate": naive(credential.created_at),
    }
    if expires is not None:
        answer["ExpirationDate"] = naive(expires)
    return answer


def _entry_with_secret(
    user: User, identifier: str, credential: ServiceCredentialState
) -> dict[str, object]:
    secret = b64encode(WORLD.get().entropy(_SECRET_BYTES)).decode()
    api_key = credential.service in _WITH_API_KEY
    shown = {"ServiceCredentialSecret" if api_key else "ServicePassword": secret}
    return _entry(user, identifier, credential) | shown


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
    create_service_specific_credential,
    list_service_specific_credentials,
    update_service_specific_credential,
    reset_service_specific_credential,
    delete_service_specific_credential,
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
