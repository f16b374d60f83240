"""Putting an account file into the local AWS, as it is: ids, paths, dates, versions and all.

It goes into moto's state directly and not through the API, which would give new ids and dates and
refuse what a real account has.
"""

from base64 import b32encode
from datetime import datetime
from hashlib import sha256

from moto.iam.models import (
    AccessKey,
    AccountPasswordPolicy,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    ManagedPolicy,
    MFADevice,
    PolicyVersion,
    Role,
    User,
)

from sekisho.account import (
    AccountFile,
    DeviceEntry,
    GroupEntry,
    KeyEntry,
    PolicyEntry,
    RoleEntry,
    UserEntry,
    UserSecrets,
)
from sekisho.errors import Code, Fault, FaultyAccount
from sekisho.localaws.overlay.credentials import first_password
from sekisho.localaws.overlay.devices import make_device, set_owner
from sekisho.localaws.overlay.request import iam, naive, tags_of
from sekisho.localaws.world import DeviceState, World
from sekisho.messages import Message
from sekisho.signin import CharacterClass, PasswordPolicy


def load_into(world: World, account: AccountFile) -> None:
    """Put `account` into the empty account of `world`.

    Raises:
        FaultyAccount: if a policy is attached that neither the file nor AWS has.
    """
    with world.lock:
        _load_details(world, account)
        _load_secrets(world, account)


def _load_details(world: World, account: AccountFile) -> None:
    backend = iam(world)
    for known in backend.aws_managed_policies:
        known.id = _stable_id(known.arn)
    for policy in account.policies:
        _load_policy(world, backend, policy)
    _check_attached(backend, account)
    for group in account.groups:
        _load_group(world, backend, group)
    for role in account.roles:
        _load_role(world, backend, role)
    for user in account.users:
        _load_user(world, backend, user)


def _load_secrets(world: World, account: AccountFile) -> None:
    backend = iam(world)
    for name, credentials in account.credentials.items():
        _load_credentials(world, backend.users[name], credentials, account)
    for orphan in account.unassigned_devices:
        make_device(world, account.serial_of(orphan), DeviceState(orphan.seed))
    if account.alias:
        backend.account_aliases = [account.alias]
    if account.password_policy:
        backend.account_password_policy = _password_policy(account.password_policy)


def _check_attached(backend: IAMBackend, account: AccountFile) -> None:
    wanted = {
        (arn, owner.name)
        for owners in (account.users, account.groups, account.roles)
        for owner in owners
        for arn in owner.attached
    }
    wanted |= {
        (owner.boundary, owner.name)
        for owners in (account.users, account.roles)
        for owner in owners
        if owner.boundary
    }
    faults = [
        Fault(
            Code.ACCOUNT_BAD_REFERENCE,
            Message(
                "`{arn}`, attached to `{name}`, is neither in the file nor a policy of AWS"
            ).filled(arn=arn, name=name),
            fix=Message("export the policies as well"),
        )
        for arn, name in sorted(wanted)
        if arn not in backend.managed_policies
    ]
    if faults:
        raise FaultyAccount("account", faults)


def _load_policy(world: World, backend: IAMBackend, entry: PolicyEntry) -> None:
    make = AWSManagedPolicy if entry.aws_managed else ManagedPolicy
    policy = make(  # type: ignore[abstract]  # moto makes them so itself
        entry.name,
        account_id=world.account,
        region=world.partition,
        default_version_id=entry.default.id,
        description=entry.description,
        document=entry.default.document,
        path=entry.path,
        create_date=_date(world, entry.created_at),
        update_date=_date(world, entry.updated_at),
    )
    policy.id = entry.id
    policy.versions = [
        PolicyVersion(
            entry.arn, each.document, each.is_default, each.id, _date(world, each.created_at)
        )
        for each in sorted(entry.versions, key=lambda version: _number(version.id))
    ]
    policy.next_version_num = max(_number(version.id) for version in entry.versions) + 1
    backend.managed_policies[entry.arn] = policy
    if entry.aws_managed:
        known = [each for each in backend.aws_managed_policies if each.arn != entry.arn]
        backend.aws_managed_policies = [*known, policy]


def _stable_id(arn: str) -> str:
    """Return the id of one of AWS's own policies: moto's is another one at every start."""
    return "ANPA" + b32encode(sha256(arn.encode()).digest()).decode()[:17]


def _number(version: str) -> int:
    digits = version.removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _load_group(world: World, backend: IAMBackend, entry: GroupEntry) -> None:
    group = Group(world.account, world.partition, entry.name, entry.path)
    _fill_in(world, backend, group, entry)
    backend.groups[entry.name] = group


def _load_user(world: World, backend: IAMBackend, entry: UserEntry) -> None:
    user = User(  # type: ignore[abstract]  # moto makes them so itself
        world.account, world.partition, entry.name, entry.path
    )
    _fill_in(world, backend, user, entry)
    backend.users[entry.name] = user
    backend.tagger.tag_resource(user.arn, tags_of(entry.tags))
    for name in entry.groups:
        backend.groups[name].users.append(user)
    if entry.boundary:
        world.boundaries[entry.name] = entry.boundary


def _load_role(world: World, backend: IAMBackend, entry: RoleEntry) -> None:
    role = Role(  # type: ignore[abstract]  # moto makes them so itself
        world.account,
        world.partition,
        entry.id,
        entry.name,
        entry.trust,
        entry.path,
        entry.boundary,
        "",
        tags_of(entry.tags),
        # an export does not tell it: IAM's own default
        "3600",
    )
    _fill_in(world, backend, role, entry)
    backend.roles[entry.id] = role


def _fill_in(
    world: World,
    backend: IAMBackend,
    owner: User | Group | Role,
    entry: UserEntry | GroupEntry | RoleEntry,
) -> None:
    owner.id = entry.id
    owner.create_date = _date(world, entry.created_at)
    for inline in entry.inline:
        owner.put_policy(inline.name, inline.document)
    for arn in entry.attached:
        backend.managed_policies[arn].attach_to(owner)


def _load_credentials(
    world: World, user: User, credentials: UserSecrets, account: AccountFile
) -> None:
    if credentials.password is not None:
        world.passwords[user.name] = first_password(
            world, credentials.password, credentials.reset_required
        )
    for entry in credentials.devices:
        _load_device(world, user, entry, account.serial_of(entry))
    for key in credentials.keys:
        _load_key(world, user, key)


def _load_device(world: World, user: User, entry: DeviceEntry, serial: str) -> None:
    device = make_device(world, serial, DeviceState(entry.seed))
    set_owner(device, user, _date(world, None))
    user.mfa_devices[serial] = MFADevice(serial, "", "")
    user.mfa_devices[serial].enable_date = _date(world, None)


def _load_key(world: World, user: User, entry: KeyEntry) -> None:
    status = "Active" if entry.active else "Inactive"
    key = AccessKey(  # type: ignore[abstract]  # moto makes them so itself
        user.name, "AKIA", world.account, status
    )
    key.access_key_id, key.secret_access_key = entry.id, entry.secret
    key.create_date = _date(world, None)
    user.access_keys.append(key)
    iam(world).access_keys[entry.id] = key


def _password_policy(policy: PasswordPolicy) -> AccountPasswordPolicy:
    return AccountPasswordPolicy(
        allow_change_password=policy.users_may_change,
        hard_expiry=policy.hard_expiry,
        max_password_age=policy.max_age,
        minimum_password_length=policy.minimum_length,
        password_reuse_prevention=policy.reuse_prevention,
        require_lowercase_characters=CharacterClass.LOWERCASE in policy.required,
        require_numbers=CharacterClass.NUMBER in policy.required,
        require_symbols=CharacterClass.SYMBOL in policy.required,
        require_uppercase_characters=CharacterClass.UPPERCASE in policy.required,
    )


def _date(world: World, when: datetime | None) -> datetime:
    return naive(when or world.clock.now())
