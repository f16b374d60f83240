"""A session as programs and shells read it."""

import json
import os
from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum

from sekisho.session.broker import HandedOut
from sekisho.session.model import session_to_text

SET = "set" if os.name == "nt" else "export"
"""What sets a variable of the environment."""


class SessionForm(StrEnum):
    """How a session is printed."""

    ENV = "env"
    JSON = "json"
    PROCESS = "process"


def printed(handed: HandedOut, form: SessionForm, set_: str = SET) -> str:
    """Return a session as text, secrets and all.

    Args:
        handed: the session.
        form: who reads it.
        set_: what sets a variable, where a shell reads it.
    """
    match form:
        case SessionForm.ENV:
            return "\n".join(f"{set_} {name}={value}" for name, value in _variables(handed).items())
        case SessionForm.JSON:
            about = {
                "Account": handed.id.account,
                "User": handed.id.user,
                "SerialNumber": handed.id.serial,
                "RoleArn": handed.id.role or None,
                "KeptIn": handed.kept_in or None,
            }
            return json.dumps(json.loads(session_to_text(handed.session)) | about, indent=2)
        case SessionForm.PROCESS:
            return session_to_text(handed.session)


def _variables(handed: HandedOut) -> Mapping[str, str]:
    session = handed.session
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_CREDENTIAL_EXPIRATION": session.expires.astimezone(UTC).isoformat(timespec="seconds"),
    }
