"""Console passwords: login profiles, and users who change their own.

Source: IAM API Reference, ChangePassword, Create-, Get-, Update-, DeleteLoginProfile; IAM User
Guide, "Set an account password policy for IAM users"; facts §7.5, §8.1.
"""

from dataclasses import replace
from datetime import datetime

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse

from sekisho.localaws.caller import CALLER, WORLD
from sekisho.localaws.hashing import SALT_BYTES, hash_password, matches
from sekisho.localaws.overlay.refusals import already_exists, from_rule, refuse
from sekisho.localaws.overlay.request import iam, naive, named_user, text, user_of
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.world import PasswordState, World
from sekisho.signin import passwords as rules
from sekisho.signin.passwords import CharacterClass, PasswordPolicy

__all__ = ["OPERATIONS", "account_policy", "change", "first_password"]


def change_password(self: IamResponse) -> ActionResult:
    """Change the caller's own password, by the old one."""
    credential = CALLER.get().credential
    refuse(rules.check_change(credential))
    change(
        WORLD.get(), credential.holder.name, text(self, "OldPassword"), text(self, "NewPassword")
    )
    return EmptyResult()


def change(world: World, user: str, old: str, new: str) -> None:
    """Replace a user's password, if the old one is right and the new one will do.

    Raises:
        Refusal: as ChangePassword does.
    """
    state = world.passwords.get(user)
    if state is None:
        raise from_rule(rules.no_login_profile(user))
    if not matches(old, state.hash):
        raise from_rule(rules.WRONG_OLD_PASSWORD)
    world.passwords[user] = replace(_with_new(world, user, state, new), reset_required=False)


def create_login_profile(self: IamResponse) -> ActionResult:
    """Give a user a console password."""
    world, user = WORLD.get(), user_of(self)
    if user.name in world.passwords:
        raise already_exists(f"Login Profile for user {user.name} already exists.")
    password = text(self, "Password")
    refuse(rules.check_password(password, user.name, account_policy(world)))
    state = first_password(world, password, self._get_bool_param("PasswordResetRequired", False))
    state.session_seconds = self._get_int_param("MaxSigninSessionDuration")
    world.passwords[user.name] = state
    return ActionResult({"LoginProfile": _described(user.name, state)})


def get_login_profile(self: IamResponse) -> ActionResult:
    """Tell that a user has a console password, and whether it must be changed."""
    user = user_of(self)
    return ActionResult({"LoginProfile": _described(user.name, _state(user.name))})


def update_login_profile(self: IamResponse) -> ActionResult:
    """Set a user's password without the old one: an administrator's call."""
    world, user = WORLD.get(), named_user(text(self, "UserName"))
    state = _state(user.name)
    if password := text(self, "Password"):
        state = _with_new(world, user.name, state, password)
    reset = self._get_bool_param("PasswordResetRequired", state.reset_required)
    seconds = self._get_int_param("MaxSigninSessionDuration", state.session_seconds)
    if self._get_bool_param("ResetMaxSigninSessionDuration", False):
        seconds = None
    world.passwords[user.name] = replace(state, reset_required=reset, session_seconds=seconds)
    return EmptyResult()


def delete_login_profile(self: IamResponse) -> ActionResult:
    """Take a user's console password away."""
    user = user_of(self)
    _state(user.name)
    del WORLD.get().passwords[user.name]
    return EmptyResult()


def first_password(world: World, password: str, reset_required: bool) -> PasswordState:
    """Return the state of a password that is set for the first time, now."""
    when = world.clock.now()
    hashed = hash_password(password, world.entropy(SALT_BYTES))
    return PasswordState(hashed, reset_required, when, created_at=when)


def account_policy(world: World) -> PasswordPolicy | None:
    """Return the account's password policy as `signin` reads it; None: there is no own one."""
    own = iam(world).account_password_policy
    if own is None:
        return None
    required = {
        CharacterClass.UPPERCASE: own.require_uppercase_characters,
        CharacterClass.LOWERCASE: own.require_lowercase_characters,
        CharacterClass.NUMBER: own.require_numbers,
        CharacterClass.SYMBOL: own.require_symbols,
    }
    return PasswordPolicy(
        minimum_length=own.minimum_password_length,
        required=frozenset(kind for kind, needed in required.items() if needed),
        users_may_change=own.allow_users_to_change_password,
        max_age=own.max_password_age or 0,
        reuse_prevention=own.password_reuse_prevention or 0,
        hard_expiry=bool(own.hard_expiry),
    )


def _with_new(world: World, user: str, state: PasswordState, password: str) -> PasswordState:
    policy = account_policy(world)
    refuse(rules.check_password(password, user, policy))
    # the current password counts among those that must not come back
    remembered = (state.hash, *state.former)[: policy.reuse_prevention if policy else 0]
    if any(matches(password, former) for former in remembered):
        raise Refusal(
            "PasswordPolicyViolation",
            "Password does not conform to the account password policy.",
            400,
        )
    return replace(
        state,
        hash=hash_password(password, world.entropy(SALT_BYTES)),
        former=(state.hash, *state.former)[:_MOST_REMEMBERED],
        changed_at=world.clock.now(),
    )


_MOST_REMEMBERED = 24


def _state(user: str) -> PasswordState:
    state = WORLD.get().passwords.get(user)
    if state is None:
        raise from_rule(rules.no_login_profile(user))
    return state


def _described(user: str, state: PasswordState) -> dict[str, object]:
    created: datetime = state.created_at or state.changed_at
    answer: dict[str, object] = {
        "UserName": user,
        "CreateDate": naive(created),
        "PasswordResetRequired": state.reset_required,
    }
    if state.session_seconds is not None:
        answer["MaxSigninSessionDuration"] = state.session_seconds
    return answer


OPERATIONS = (
    change_password,
    create_login_profile,
    get_login_profile,
    update_login_profile,
    delete_login_profile,
)
