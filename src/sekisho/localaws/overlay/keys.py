"""Access keys: made, listed, switched off, deleted; and that there are no keys for one service.

Source: IAM API Reference, CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey,
ListServiceSpecificCredentials.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AccessKey
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.paging import page
from sekisho.localaws.overlay.refusals import no_such_key
from sekisho.localaws.overlay.request import iam, now, text, user_of

__all__ = ["OPERATIONS"]


def create_access_key(self: IamResponse) -> ActionResult:
    """Make a key; its secret is in this answer and nowhere else."""
    key = iam().create_access_key(user_of(self).name)
    key.create_date = now()
    secret = {"SecretAccessKey": key.secret_access_key}
    return ActionResult({"AccessKey": _described(key) | secret})


def list_access_keys(self: IamResponse) -> ActionResult:
    """List a user's keys without their secrets."""
    keys, more = page(self, user_of(self).access_keys)
    return ActionResult({"AccessKeyMetadata": [_described(key) for key in keys], **more})


def update_access_key(self: IamResponse) -> ActionResult:
    """Make a key active or inactive."""
    _key(self).status = text(self, "Status")
    return EmptyResult()


def delete_access_key(self: IamResponse) -> ActionResult:
    """Delete a key."""
    key = _key(self)
    user_of(self).access_keys.remove(key)
    del iam().access_keys[key.access_key_id]
    return EmptyResult()


def list_service_specific_credentials(self: IamResponse) -> ActionResult:
    """List none: the local AWS makes none."""
    user_of(self)
    return ActionResult({"ServiceSpecificCredentials": [], "IsTruncated": False})


def _key(response: IamResponse) -> AccessKey:
    wanted = text(response, "AccessKeyId")
    for key in user_of(response).access_keys:
        if key.access_key_id == wanted:
            return key
    raise no_such_key(wanted)


def _described(key: AccessKey) -> dict[str, object]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.access_key_id,
        "Status": key.status,
        "CreateDate": key.create_date,
    }


OPERATIONS = (
    create_access_key,
    list_access_keys,
    update_access_key,
    delete_access_key,
    list_service_specific_credentials,
)
