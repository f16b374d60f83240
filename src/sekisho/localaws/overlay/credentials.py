"""Users' access keys and console passwords.

Source: IAM API Reference, CreateAccessKey to DeleteAccessKey,
ChangePassword, CreateLoginProfile to DeleteLoginProfile; IAM User Guide, "Set an account password
policy for IAM users"; docs/signin.md.
"""

from dataclasses import replace
from datetime import datetime

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AccessKey
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.request import (
    already_exists,
    from_rule,
    iam,
    naive,
    named_user,
    no_such_key,
    now,
    page,
    refuse,
    session_seconds,
    text,
    user_of,
)
from sekisho.localaws.state.sealing import SALT_BYTES, hash_loaded, hash_password, password_matches
from sekisho.localaws.state.world import CALLER, WORLD, PasswordState, World
from sekisho.localaws.wire.errors import Refusal, throttling_error
from sekisho.signin import (
    WRONG_OLD_PASSWORD,
    CharacterClass,
    PasswordPolicy,
    check_password,
    check_password_change,
    no_login_profile,
)


def create_access_key(self: IamResponse) -> ActionResult:
    """Create a key; its secret is only in this answer."""
    key = iam().create_access_key(user_of(self).name)
    key.create_date = now()
    secret = {"SecretAccessKey": key.secret_access_key}
    return ActionResult({"AccessKey": _key_details(key) | secret})


def list_access_keys(self: IamResponse) -> ActionResult:
    """List a user's keys without their secrets."""
    keys, more = page(self, user_of(self).access_keys)
    return ActionResult({"AccessKeyMetadata": [_key_details(key) for key in keys], **more})


def get_access_key_last_used(self: IamResponse) -> ActionResult:
    """Show the last use of a key; an unknown key is refused like another account's.

    The authorizer has checked the call on the key's owner, or on every user if the key is unknown.
    """
    wanted = text(self, "AccessKeyId")
    key = iam().access_keys.get(wanted)
    if key is None:
        raise Refusal(
            "AccessDenied",
            f"User: {CALLER.get().credential.arn} is not authorized to perform "
            f"iam:GetAccessKeyLastUsed on resource: access key {wanted}",
            403,
        )
    used: dict[str, object] = {"Region": "N/A", "ServiceName": "N/A"}
    if key.last_used is not None:
        used = {
            "LastUsedDate": key.last_used.timestamp,
            "Region": key.last_used.region,
            "ServiceName": key.last_used.service,
        }
    return ActionResult({"UserName": key.user_name, "AccessKeyLastUsed": used})


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


def _key(response: IamResponse) -> AccessKey:
    wanted = text(response, "AccessKeyId")
    for key in user_of(response).access_keys:
        if key.access_key_id == wanted:
            return key
    raise no_such_key(wanted)


def _key_details(key: AccessKey) -> dict[str, object]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.access_key_id,
        "Status": key.status,
        "CreateDate": key.create_date,
    }


def change_password(self: IamResponse) -> ActionResult:
    """Change the caller's own password, by the old one."""
    credential = CALLER.get().credential
    refuse(check_password_change(credential))
    _change(credential.holder.name, text(self, "OldPassword"), text(self, "NewPassword"))
    return EmptyResult()


def _change(user: str, old: str, new: str) -> None:
    """Replace a user's password, if the old one is right and the new one is acceptable.

    Raises:
        Refusal: as ChangePassword does.
    """
    world, source = WORLD.get(), CALLER.get().source
    state = world.passwords.get(user)
    if state is None:
        raise from_rule(no_login_profile(user))
    if not world.throttle.spend(f"password {user}", source, world.clock.now()):
        raise throttling_error()
    if not password_matches(old, state.hash):
        raise from_rule(WRONG_OLD_PASSWORD)
    world.throttle.clear(f"password {user}", source)
    world.passwords[user] = replace(
        _with_new_password(world, user, state, new), reset_required=False
    )


def create_login_profile(self: IamResponse) -> ActionResult:
    """Create a console password for a user."""
    world, user = WORLD.get(), user_of(self)
    if user.name in world.passwords:
        raise already_exists(f"Login Profile for user {user.name} already exists.")
    password = text(self, "Password")
    refuse(check_password(password, user.name, account_policy(world)))
    state = first_password(world, password, self._get_bool_param("PasswordResetRequired", False))
    state.session_seconds = self._get_int_param("MaxSigninSessionDuration")
    world.passwords[user.name] = state
    return ActionResult({"LoginProfile": _profile(user.name, state)})


def get_login_profile(self: IamResponse) -> ActionResult:
    """Show whether a user has a console password, and whether it must be changed."""
    user = user_of(self)
    return ActionResult({"LoginProfile": _profile(user.name, _password_of(user.name))})


def update_login_profile(self: IamResponse) -> ActionResult:
    """Set a user's password without the old one: an administrator's call."""
    world, user = WORLD.get(), named_user(text(self, "UserName"))
    state = _password_of(user.name)
    if password := text(self, "Password"):
        state = _with_new_password(world, user.name, state, password)
    reset = self._get_bool_param("PasswordResetRequired", state.reset_required)
    seconds = session_seconds(self, state.session_seconds)
    world.passwords[user.name] = replace(state, reset_required=reset, session_seconds=seconds)
    return EmptyResult()


def delete_login_profile(self: IamResponse) -> ActionResult:
    """Delete a user's console password."""
    user = user_of(self)
    _password_of(user.name)
    del WORLD.get().passwords[user.name]
    return EmptyResult()


def first_password(world: World, password: str, reset_required: bool) -> PasswordState:
    """Return the state of a password that is set for the first time, now."""
    hashed = hash_password(password, world.entropy(SALT_BYTES))
    return _new_state(world, hashed, reset_required)


def loaded_password(world: World, password: str, reset_required: bool) -> PasswordState:
    """Return the state of a password from the account file."""
    hashed = hash_loaded(password, world.entropy(SALT_BYTES))
    return _new_state(world, hashed, reset_required)


def _new_state(world: World, hashed: str, reset_required: bool) -> PasswordState:
    when = world.clock.now()
    return PasswordState(hashed, reset_required, when, created_at=when)


def account_policy(world: World) -> PasswordPolicy | None:
    """Return the account's password policy in `signin`'s form; None: there is no own one."""
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


def _with_new_password(
    world: World, user: str, state: PasswordState, password: str
) -> PasswordState:
    policy = account_policy(world)
    refuse(check_password(password, user, policy))
    # the current password counts among those that must not come back
    remembered = (state.hash, *state.former)[: policy.reuse_prevention if policy else 0]
    if any(password_matches(password, former) for former in remembered):
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


def _password_of(user: str) -> PasswordState:
    state = WORLD.get().passwords.get(user)
    if state is None:
        raise from_rule(no_login_profile(user))
    return state


def _profile(user: str, state: PasswordState) -> dict[str, object]:
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
    create_access_key,
    list_access_keys,
    get_access_key_last_used,
    update_access_key,
    delete_access_key,
    change_password,
    create_login_profile,
    get_login_profile,
    update_login_profile,
    delete_login_profile,
)
