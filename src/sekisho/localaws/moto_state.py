"""What moto's services hold, as far as the authorizer must look before it can decide.

Reading only, and with moto's own way of looking things up where it has one, so that what is asked
about is what moto will find. Nothing is made by looking: moto would make a default key.
"""

import re
from typing import Any

from moto.kinesis.utils import decompose_shard_iterator
from moto.kms.models import kms_backends
from moto.kms.utils import KEY_ID_LEN
from moto.secretsmanager.models import secretsmanager_backends

from sekisho.localaws.classify import ApiCall
from sekisho.localaws.world import World

_KEY_ID = re.compile(r"(mrk-)?[0-9a-f-]{32,36}")
_SECRET = re.compile(r"[\w/+=.@-]+-[A-Za-z0-9]{6}")


def key_of(world: World, call: ApiCall, name: str) -> str | None:
    """Return the ARN of the key that an id, an ARN or an alias names; None if there is none.

    An ARN must be of the call's own Region and of the account.
    """
    start = f"arn:{world.partition}:kms:{call.region}:{world.account}:"
    if name.startswith("arn:") and not name.startswith(start):
        return None
    plain = name.removeprefix(start).removeprefix("key/")
    keys: dict[str, Any] = kms_backends[world.account][call.region].keys
    found = keys.get(plain) or next((key for key in keys.values() if plain in key.aliases), None)
    if found is None:
        # what is not there is asked about as AWS would call it, and then not found
        return f"{start}key/{plain}" if _KEY_ID.fullmatch(plain) else None
    return str(found.arn)


def key_of_ciphertext(world: World, call: ApiCall) -> str | None:
    """Return the ARN of the key that the call's ciphertext was made with; None if unknown."""
    ciphertext = call.params.get("CiphertextBlob")
    if not isinstance(ciphertext, bytes):
        return None
    # moto puts the id of the key in front
    plain = ciphertext[:KEY_ID_LEN].decode("ascii", "replace")
    return key_of(world, call, plain) if _KEY_ID.fullmatch(plain) else None


def stream_of_iterator(world: World, call: ApiCall) -> str | None:
    """Return the ARN of the stream that the call's shard iterator is of; None if unknown."""
    try:
        name = decompose_shard_iterator(str(call.params.get("ShardIterator")))[0]
    except ValueError:
        return None
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    stream = f"arn:{world.partition}:kinesis:{call.region}:{world.account}:stream/{name}"
    # moto goes by the ARN if there is one
    return stream if call.params.get("StreamARN") in {None, stream} else None


def secret_of(world: World, call: ApiCall, name: str) -> str | None:
    """Return the ARN of the secret that moto finds by a name or an ARN, whole or in part.

    None if there is none, or if an ARN is of another account or Region.
    """
    start = f"arn:{world.partition}:secretsmanager:{call.region}:{world.account}:secret:"
    if name.startswith("arn:") and not name.startswith(start):
        return None
    found = secretsmanager_backends[world.account][call.region].secrets.get(name)
    if found is None:
        # as for keys: moto has no secret that this could be a part of
        return name if name.startswith(start) and _SECRET.fullmatch(name[len(start) :]) else None
    return str(found.arn)
