"""A password that an administrator gives: generated or written by hand, and shown once.

Source: IAM User Guide, "Manage passwords for IAM users", "Set an account password policy for IAM
users".
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from sekisho.account import password_policy
from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.signin import PasswordPolicy, password_faults
from sekisho.web.console.session import attempt
from sekisho.web.site import text

_LENGTH = 16
_SYMBOLS = "!#%*+-_?"
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SYMBOLS)


@dataclass(frozen=True, slots=True)
class PasswordChoice:
    """The choices in the form about a new password.

    Attributes:
        custom: whether it was written by hand; otherwise it is generated.
        password: what was written; secret.
        must_change: whether it must be changed at the next sign-in.
    """

    custom: bool
    password: str = field(repr=False)
    must_change: bool

    def fault(self, user: str) -> Message | None:
        """Return what is wrong with a password that was written, as far as the person may know.

        The account's password policy is asked for, as the console does. Who may not read it is
        told by AWS when the password is set.
        """
        if not self.custom:
            return None
        if not self.password:
            return text("new_passwords.missing")
        policy = _policy()
        if isinstance(policy, AwsRefused):
            return None
        faults = password_faults(self.password, user, policy)
        return verbatim(", ".join(faults)) if faults else None

    def value(self) -> str:
        """Return the password: what was written, or a new one that the account's policy takes."""
        if self.custom:
            return self.password
        policy = _policy()
        known = policy if isinstance(policy, PasswordPolicy) else PasswordPolicy()
        return _generated(max(_LENGTH, known.minimum_length))


def password_choice(fields: Mapping[str, str], password: str) -> PasswordChoice:
    """Return what the fields of a form or a draft say.

    Args:
        fields: what was typed, without the password.
        password: the password.
    """
    custom = fields.get("kind") == "custom"
    return PasswordChoice(custom, password if custom else "", fields.get("must_change") == "yes")


def password_fields() -> dict[str, str]:
    """Return what was sent about a password, without the password itself."""
    return {each: request.form.get(each, "") for each in ("kind", "must_change")}


def _policy() -> PasswordPolicy | AwsRefused | None:
    """Return the account's password policy, None for the default one, or what AWS refused."""
    answer = attempt("iam", "GetAccountPasswordPolicy")
    if isinstance(answer, AwsRefused):
        return None if answer.aws_code == "NoSuchEntity" else answer
    return password_policy(answer["PasswordPolicy"])


def _generated(length: int) -> str:
    """Return a password of this length, of every class that a password policy can ask for."""
    letters = [secrets.choice(each) for each in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    # a spreadsheet takes a cell of the .csv file that begins with a sign for a formula
    first = next(index for index, each in enumerate(letters) if each.isalnum())
    letters[0], letters[first] = letters[first], letters[0]
    return "".join(letters)
