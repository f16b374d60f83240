"""The local AWS as a server on this machine, and how an account file is put into it.

An account is loaded as it is: ids, paths, dates, versions and all. It goes into moto's state
directly and not through the API, which would give new ids and dates and refuse what a real account
has.
"""

import os
from base64 import b32encode
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from hashlib import sha256
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.config import default_user_config
from moto.iam import models as moto
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from sekisho.account import (
    AccessKey,
    AccountFile,
    Group,
    ManagedPolicy,
    ResourceKind,
    ResourceRef,
    Role,
    User,
    UserCredentials,
    version_ref,
)
from sekisho.engine import Assumptions
from sekisho.errors import Code, Fault, FaultyAccount, InternalError
from sekisho.lazy import dataclass
from sekisho.localaws.authorizer import Authorizer
from sekisho.localaws.aws_login.api import LOGIN_PATH, is_login, login_app
from sekisho.localaws.console.api import signin_app
from sekisho.localaws.forwarding.dispatch import load_service
from sekisho.localaws.overlay.credentials import loaded_password
from sekisho.localaws.overlay.devices import make_device, set_owner
from sekisho.localaws.overlay.installation import install_overlay
from sekisho.localaws.overlay.request import iam, naive, tags_of
from sekisho.localaws.state import trust
from sekisho.localaws.state.identity import is_known
from sekisho.localaws.state.moto_lock import leave_to_others
from sekisho.localaws.state.world import Clock, DecisionLog, DeviceState, World
from sekisho.localaws.wire import sigv4
from sekisho.localaws.wire.ambiguity import REPEATED
from sekisho.localaws.wire.form_upload import is_form_upload
from sekisho.localaws.wire.http_requests import MAX_BODY_BYTES, BodyLimit
from sekisho.localaws.wire.http_server import LOOPBACK, HttpServer, listen
from sekisho.messages import Message
from sekisho.signin import CharacterClass, ConsoleAuthorization, PasswordPolicy, SigninAssumptions

CONSOLE_PATH = "/_console"
"""The path of the sign-in: no S3 bucket can have this name."""

_PAGE_BYTES = 32 * 1024

_Made = TypeVar("_Made", moto.ManagedPolicy, moto.PolicyVersion)


@dataclass(frozen=True, slots=True)
class AddedIdentities:
    """The names of entities in the account that its file does not have, in order of creation.

    Attributes:
        groups: the groups that have one of the policies.
        covered: the users who have one of the policies, of their own or by a group.
    """

    policies: tuple[str, ...]
    groups: tuple[str, ...]
    users: tuple[str, ...]
    covered: tuple[str, ...]


class LocalAws:
    """A local AWS with one account in it, running while the `with` block runs.

    Attributes:
        world: the state beyond moto.
        clock: the time that codes, sessions and policies go by.

    Several may run at once in a process, each with a state of its own, also for one account id;
    their requests wait for each other.
    """

    def __init__(
        self,
        account: AccountFile,
        *,
        port: int = 0,
        clock: Clock | None = None,
        signin: SigninAssumptions | None = None,
        engine: Assumptions | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.world = World(
            account.account,
            account.partition,
            self.clock,
            engine or Assumptions(),
            signin or SigninAssumptions(),
        )
        configured = self.world.signin_assumptions.console_authorization
        self.world.console_authorization = configured is ConsoleAuthorization.ENABLED
        self._account = account
        self._port = port
        self._server: HttpServer | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """The endpoint URL.

        Raises:
            InternalError: if it does not run.
        """
        if self._server is None:
            raise InternalError("the local AWS was asked for its address while it does not run")
        return f"http://{LOOPBACK}:{self._server.port}"

    @property
    def console_url(self) -> str:
        """The address of the sign-in."""
        return self.url + CONSOLE_PATH

    @property
    def region(self) -> str:
        """The region for which IAM's and STS's calls of the account's partition are signed.

        Raises:
            InternalError: if botocore does not know the partition.
        """
        return self.world.region

    def warm(self, services: Iterable[str]) -> None:
        """Load the code for calls to services, so that the first call is as fast as the next.

        Args:
            services: botocore's names, of services that moto has.
        """
        for service in services:
            load_service(service)

    def add_bucket(self, name: str) -> None:
        """Create an empty bucket in the account at the start."""
        with self.world.lock:
            s3_backends[self.world.account][self.world.partition].create_bucket(name, self.region)

    def last_step(self, serial: str) -> int | None:
        """Return the step of the last code of a virtual device that was accepted, or None."""
        device = self.world.devices.get(serial)
        return device.last_step if device is not None else None

    def has_device(self, user: str) -> bool:
        """Return whether a user has an MFA device; an unknown user has none."""
        with self.world.lock:
            found = iam(self.world).users.get(user)
            return found is not None and bool(found.mfa_devices)

    def added(self, without: Collection[str]) -> AddedIdentities:
        """Return the identities and policies created since the start that still exist.

        Args:
            without: names of policies that are not meant.
        """
        with self.world.lock:
            backend, account = iam(self.world), self._account
            known = {each.arn for each in account.policies}
            new = {
                arn: policy.name
                for arn, policy in backend.managed_policies.items()
                if "::aws:" not in arn and arn not in known and policy.name not in without
            }
            known_groups, known_users = (
                {each.name for each in of} for of in (account.groups, account.users)
            )
            having = {
                name for name, each in backend.groups.items() if new.keys() & each.managed_policies
            }
            users = [each for each in backend.users if each not in known_users]
            covered = (
                name
                for name in users
                if new.keys() & backend.users[name].managed_policies
                or any(each.name in having for each in backend.get_groups_for_user(name))
            )
            groups = (name for name in backend.groups if name in having - known_groups)
            return AddedIdentities(tuple(new.values()), tuple(groups), tuple(users), tuple(covered))

    @property
    def log(self) -> DecisionLog:
        """The log of decisions: caller, action, answer, reason."""
        return self.world.log

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            PortInUse: if the port is in use.
            FaultyAccount: if the account cannot be loaded.
        """
        with ExitStack() as undo:
            listener = undo.enter_context(listen(self._port))
            undo.callback(leave_to_others)
            _empty(self.world)
            load_into(self.world, self._account)
            install_overlay()
            limit = body_limit(self.world, (f"{CONSOLE_PATH}/", LOGIN_PATH))
            self._server = HttpServer(_application(self.world), listener, limit)
            # from now on the socket is the server's
            undo.pop_all()
        self._thread = Thread(target=self._server.serve, name="sekisho-local", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            server.stop(thread)
            with self.world.lock:
                self.world.lock.clear()
            leave_to_others()


def _empty(world: World) -> None:
    """Begin with an empty account, and add AWS's managed policies."""
    # either would let a request reach another account than the one that was decided about
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    with world.lock:
        world.lock.clear()
        own = [_own_copy(policy, world.account) for policy in _aws_policies(world.partition)]
        # moto would make them anew for each of its IAMs
        default_user_config["iam"]["load_aws_managed_policies"] = False
        world.lock.iam = backend = iam_backends[world.account][world.partition]
        default_user_config["iam"]["load_aws_managed_policies"] = True
        backend.aws_managed_policies = own
        backend.managed_policies = {policy.arn: policy for policy in own}


@cache
def _aws_policies(partition: str) -> list[moto.ManagedPolicy]:
    """Return AWS's managed policies in moto's form, with ids that are equal at every start.

    Reading them takes a tenth of a second, and moto keeps every backend that it has made.
    """
    default_user_config["iam"]["load_aws_managed_policies"] = True
    made = moto.IAMBackend(partition, "").aws_managed_policies
    for policy in made:
        policy.id = _stable_id(policy.arn)
    return made


def _own_copy(policy: moto.ManagedPolicy, account: str) -> moto.ManagedPolicy:
    """Return an account's own copy of a managed policy, which may be attached and changed."""
    made, versions = _twin(policy), [_twin(version) for version in policy.versions]
    made.account_id, made.versions, made.tags = account, versions, dict(policy.tags)
    return made


def _twin(made: _Made) -> _Made:
    # not by `copy`, which calls moto's constructor, and that keeps each one for ever
    twin = object.__new__(type(made))
    twin.__dict__.update(made.__dict__)
    return twin


def _application(world: World) -> WSGIApplication:
    authorizer = Authorizer(world)
    signin = _only_by_own_name(signin_app(world, authorizer))
    login = _only_by_own_name(login_app(world))

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        return (login if is_login(environ) else authorizer)(environ, start_response)

    return DispatcherMiddleware(run, {CONSOLE_PATH: signin})


def body_limit(world: World, pages: tuple[str, ...]) -> BodyLimit:
    """Return the function that limits the length of a request's body, by its head.

    The body of a request without a key that the account knows is not read: the answer is known
    without it. The pages of the sign-in need no key, and their bodies are short. An upload by a
    form has its key in the body.

    Args:
        world: which keys there are.
        pages: the prefix of the paths that need no key.
    """

    def judge(method: str, target: str, headers: Mapping[str, str]) -> int:
        path, _, query = target.partition("?")

        def header(name: str) -> str | None:
            return headers.get(name.upper().replace("-", "_"))

        try:
            signed = sigv4.parse(sigv4.Http(method, path, query, header, frozenset(), b""))
        except sigv4.SignatureFault:
            return 0
        if signed is not None:
            return MAX_BODY_BYTES if is_known(world, signed) else 0
        if is_form_upload(method, headers):
            return MAX_BODY_BYTES
        return _PAGE_BYTES if path.startswith(pages) else 0

    return judge


def _only_by_own_name(app: WSGIApplication) -> WSGIApplication:
    """Refuse requests that a browser sends for another site or under another host's name."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        host = str(environ.get("HTTP_HOST", ""))
        if host.rpartition(":")[0] not in {LOOPBACK, "localhost"} or environ.get(REPEATED):
            reason = b"the sign-in answers only to 127.0.0.1 and localhost\n"
        elif environ.get("HTTP_ORIGIN", f"http://{host}") != f"http://{host}":
            # no page of its own; whoever is no browser sends no origin
            reason = b"the sign-in does not answer to the pages of other sites\n"
        else:
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [reason]

    return run


_Owner = moto.User | moto.Group | moto.Role


def load_into(world: World, account: AccountFile) -> None:
    """Load `account` into the empty account of `world`.

    Raises:
        FaultyAccount: if a policy is attached that neither the file nor AWS has.
    """
    with world.lock:
        _load_details(world, account)
        _load_secrets(world, account)


def _load_details(world: World, account: AccountFile) -> None:
    backend = iam(world)
    for policy in account.policies:
        _load_policy(world, account, policy)
    _check_attached(backend, account)
    owners: dict[tuple[ResourceKind, str], _Owner] = {}
    for group in account.groups:
        owners[ResourceKind.GROUP_POLICY, group.name] = _load_group(world, account, group)
    for role in account.roles:
        owners[ResourceKind.ROLE_POLICY, role.name] = _load_role(world, account, role)
    for user in account.users:
        owners[ResourceKind.USER_POLICY, user.name] = _load_user(world, user)
    for about, text in account.texts.items():
        if owner := owners.get((about.kind, about.owner)):
            owner.put_policy(about.name, text)
    for made in backend.roles.values():
        made.assume_role_policy_document = _loaded_trust(world, made)


def _loaded_trust(world: World, role: moto.Role) -> str:
    """Return a role's trust policy with unique ids.

    Who is not in the file gets an id that is nobody's, as somebody who was deleted: a user who is
    made later under the name is not trusted.
    """

    def stored(kind: str, value: str) -> str:
        known = trust.stored(world, kind, value)
        if known is not None or kind != "AWS" or not value.startswith("arn:"):
            return known or value
        return _stable_id(value, "AIDA" if ":user/" in value else "AROA")

    return trust.replaced(role.assume_role_policy_document, stored)


def _load_secrets(world: World, account: AccountFile) -> None:
    backend = iam(world)
    for name, credentials in account.credentials.items():
        _load_credentials(world, backend.users[name], credentials, account)
    for orphan in account.unassigned_devices:
        make_device(world, orphan.serial, DeviceState(account.seeds[orphan.serial]))
    if account.alias:
        backend.account_aliases = [account.alias]
    if account.password_policy:
        backend.account_password_policy = _password_policy(account.password_policy)


def _check_attached(backend: moto.IAMBackend, account: AccountFile) -> None:
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
        raise FaultyAccount(Message("account", "source"), faults)


def _load_policy(world: World, account: AccountFile, policy: ManagedPolicy) -> None:
    backend, known = iam(world), account.metadata[policy.arn]
    texts = {
        version: account.texts[version_ref(policy.arn, version, policy.default_version)]
        for version in policy.versions
    }
    make = moto.AWSManagedPolicy if policy.aws_managed else moto.ManagedPolicy
    made = make(  # type: ignore[abstract]  # moto makes them so itself
        policy.name,
        account_id=world.account,
        region=world.partition,
        default_version_id=policy.default_version,
        description=policy.description,
        document=texts[policy.default_version],
        path=policy.path,
        create_date=_date(world, known.created_at),
        update_date=_date(world, known.updated_at),
    )
    made.id = known.id
    made.versions = [
        moto.PolicyVersion(
            policy.arn,
            texts[version],
            version == policy.default_version,
            version,
            _date(world, policy.made_at.get(version)),
        )
        for version in sorted(policy.versions, key=_number)
    ]
    made.next_version_num = max(map(_number, policy.versions)) + 1
    backend.managed_policies[policy.arn] = made
    if policy.aws_managed:
        others = [each for each in backend.aws_managed_policies if each.arn != policy.arn]
        backend.aws_managed_policies = [*others, made]


def _stable_id(arn: str, start: str = "ANPA") -> str:
    """Return the id of one of AWS's own policies: moto's own differs at every start."""
    return start + b32encode(sha256(arn.encode()).digest()).decode()[:17]


def _number(version: str) -> int:
    digits = version.removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _load_group(world: World, account: AccountFile, group: Group) -> moto.Group:
    known = account.metadata[group.arn]
    made = moto.Group(world.account, world.partition, group.name, group.path)
    made.id, made.create_date = known.id, _date(world, known.created_at)
    _attach(world, made, group.attached)
    iam(world).groups[group.name] = made
    return made


def _load_user(world: World, user: User) -> moto.User:
    backend = iam(world)
    made = moto.User(  # type: ignore[abstract]  # moto makes them so itself
        world.account, world.partition, user.name, user.path
    )
    made.id, made.create_date = user.id, _date(world, user.created_at)
    _attach(world, made, user.attached)
    backend.users[user.name] = made
    backend.tagger.tag_resource(made.arn, tags_of(user.tags))
    for name in user.groups:
        backend.groups[name].users.append(made)
    if user.boundary:
        world.boundaries[user.name] = user.boundary
    return made


def _load_role(world: World, account: AccountFile, role: Role) -> moto.Role:
    known = account.metadata[role.arn]
    made = moto.Role(  # type: ignore[abstract]  # moto makes them so itself
        world.account,
        world.partition,
        known.id,
        role.name,
        account.texts[ResourceRef(ResourceKind.TRUST_POLICY, role.name)],
        role.path,
        role.boundary,
        "",
        tags_of(known.tags),
        # an export does not tell it: IAM's own default
        "3600",
    )
    made.create_date = _date(world, known.created_at)
    _attach(world, made, role.attached)
    iam(world).roles[known.id] = made
    return made


def _attach(world: World, owner: _Owner, arns: tuple[str, ...]) -> None:
    for arn in arns:
        iam(world).managed_policies[arn].attach_to(owner)


def _load_credentials(
    world: World, user: moto.User, credentials: UserCredentials, account: AccountFile
) -> None:
    if credentials.password is not None:
        world.passwords[user.name] = loaded_password(
            world, credentials.password, credentials.reset_required
        )
    for device in credentials.devices:
        _load_device(world, user, device.serial, account.seeds[device.serial])
    for key in credentials.keys:
        _load_key(world, user, key, account.secret_keys[key.id])


def _load_device(world: World, user: moto.User, serial: str, seed: str) -> None:
    device = make_device(world, serial, DeviceState(seed))
    set_owner(device, user, _date(world, None))
    user.mfa_devices[serial] = moto.MFADevice(serial, "", "")
    user.mfa_devices[serial].enable_date = _date(world, None)


def _load_key(world: World, user: moto.User, key: AccessKey, secret: str) -> None:
    status = "Active" if key.active else "Inactive"
    made = moto.AccessKey(  # type: ignore[abstract]  # moto makes them so itself
        user.name, "AKIA", world.account, status
    )
    made.access_key_id, made.secret_access_key = key.id, secret
    made.create_date = _date(world, None)
    user.access_keys.append(made)
    iam(world).access_keys[key.id] = made


def _password_policy(policy: PasswordPolicy) -> moto.AccountPasswordPolicy:
    return moto.AccountPasswordPolicy(
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
