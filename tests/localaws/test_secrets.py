"""What holds a secret does not show it: not in a traceback, and not in a log."""

import pkgutil
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from importlib import import_module
from typing import Any

import pytest

from sekisho import localaws

SECRET = {
    "ApiCall.params",
    "Content.body",
    "DeviceState.seed",
    "FormUpload.body",
    "Http.body",
    "Http.header",
    "Identity.secret",
    "IssuedCredentials.secret_access_key",
    "IssuedCredentials.session_token",
    "PasswordState.former",
    "PasswordState.hash",
    "Payload.body",
    "SessionClaims.secret",
    "SignatureClaims.signature",
    "SignatureClaims.token",
    "StoredKey.secret",
    "World.entropy",
    "World.master",
    "World.spent",
    "_Exchange.body",
}
"""Fields, by the classes of the local AWS."""

NO_SECRET = {"HttpAnswer.body": "of a refusal, which quotes no secret"}


def _fields() -> Iterator[tuple[str, Field[Any]]]:
    for module in pkgutil.walk_packages(localaws.__path__, f"{localaws.__name__}."):
        for owner in vars(import_module(module.name)).values():
            if isinstance(owner, type) and is_dataclass(owner) and owner.__module__ == module.name:
                yield from ((f"{owner.__name__}.{each.name}", each) for each in fields(owner))


FIELDS = dict(_fields())


@pytest.mark.parametrize("name", sorted(SECRET))
def test_no_repr_shows_it(name: str) -> None:
    assert FIELDS[name].repr is False


def test_a_field_of_such_a_name_is_a_secret() -> None:
    names = {name.partition(".")[2] for name in SECRET}
    alike = {name for name in FIELDS if name.partition(".")[2] in names}
    assert alike == SECRET | NO_SECRET.keys()
