"""The account in which a scenario takes place: names, policies, and other relevant facts."""

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from itertools import chain, count

from sekisho.catalogue import DEFAULT_PARTITION, iam_region
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    Policies,
    Request,
    cached_by_identity,
)
from sekisho.engine.matching import (
    Caller,
    CallerKind,
    Scope,
    TrackedAssumptions,
    action_matches,
    conditions,
)
from sekisho.lazy import dataclass
from sekisho.policy import (
    Document,
    Effect,
    OperatorName,
    PolicyKind,
    Statement,
    Version,
    from_json,
)
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    values_for,
)
from sekisho.prover.reading.credentials import TAG, USER_ID, CallingUser
from sekisho.prover.reading.policies import ALLOW_EVERYTHING, texts_of
from sekisho.prover.scenarios.model import ACTIONS, MoveKind, ScenarioPrincipal, actions_of
from sekisho.prover.solver.limits import Budget
from sekisho.signin import Holder, HolderKind, SigninAssumptions, password_change_policy


@dataclass(frozen=True, slots=True)
class SettingNames:
    """The names of people and of the objects of actions.

    Attributes:
        device: every device that has nobody's own name.
        group: the group of users who have enrolled.
    """

    people: Mapping[ScenarioPrincipal, str]
    device: str
    group: str
    role: str


USUAL = SettingNames(
    {
        ScenarioPrincipal.USER: "hanako",
        ScenarioPrincipal.COLLEAGUE: "taro",
        ScenarioPrincipal.ADMINISTRATOR: "yuki",
    },
    device="phone-2",
    group="Staff",
    role="Ops",
)
"""The usual names, unless a policy contains one of them."""


def names_for(
    known: Mapping[ScenarioPrincipal, str], policies: Iterable[AttachedPolicy]
) -> SettingNames:
    """Return the known names, and the usual ones for others, numbered if a policy has them."""
    used = "\n".join((*known.values(), *(_text_of(each.document) for each in policies))).lower()

    def free(usual: str) -> str:
        if usual.lower() not in used:
            return usual
        return next(name for n in count(2) if (name := f"{usual}-{n}").lower() not in used)

    return SettingNames(
        {who: known[who] if who in known else free(usual) for who, usual in USUAL.people.items()},
        device=free(USUAL.device),
        group=free(USUAL.group),
        role=free(USUAL.role),
    )


def every_policy(policies: Policies) -> Iterator[AttachedPolicy]:
    """Yield all policies of a user, of every kind."""
    yield from policies.identity
    yield from policies.boundaries or ()
    yield from policies.session or ()
    yield from policies.vpc_endpoint or ()
    for level in (*policies.scps, *policies.rcps):
        yield from level.policies


@cached_by_identity
def _text_of(document: Document) -> str:
    return "\n".join({text for each in document.statements for text in _values(each)})


def _values(statement: Statement) -> Iterator[str]:
    yield from texts_of(statement)
    for _, named in statement.principal.entries if statement.principal else ():
        yield from named


ACCOUNT = "111122223333"
_SOME_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

_MODELLED = frozenset(
    {
        "aws:username",
        *("aws:principalaccount", "aws:principalarn", "aws:principaltype"),
        *("aws:principalisawsservice", "aws:multifactorauthpresent", "aws:multifactorauthage"),
        *("aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
        *("aws:securetransport", "iam:registersecuritykey", "iam:policyarn"),
    }
)
"""The keys whose value, or absence, is known for every move."""

_TIMES = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
"""The keys whose value is known if the time is; their presence is always known."""

_NAMING = frozenset({USER_ID, "aws:username", "aws:principalarn"})
"""The keys that distinguish callers."""

_OF_ADDRESSES = frozenset({OperatorFamily.ADDRESS, OperatorFamily.PRESENCE})

_VARIABLE = re.compile(r"\$\{([^},]*)[^}]*\}")
_CHARACTERS = frozenset({"*", "?", "$"})


@dataclass(frozen=True, slots=True)
class Setting:
    """The account in which a question is asked.

    Attributes:
        user, colleague, administrator: the policies of each.
        enrolled: the policies of the group of those who have enrolled, beside their own.
        users_may_change: the account's `AllowUsersToChangePassword`: every user may change their
            own password, and read what is asked of one, without a policy of their own.
        names: the user names that are known.
        called: the names of everybody and everything: known ones, else names in no policy.
        path, colleague_path: the IAM path of the user, and of the colleague.
        user_id: the user's unique id, like `AIDA…`; "" if it is not known. What asks for it then
            is unknown.
        user_tags: the user's tags, all of them; None: not known, and what asks for one is unknown.
        trust: the trust policy of the role; None: it trusts the whole account without condition.
        now: when everything happens; the model takes no time. None: some day; what asks for the
            time then is unknown.
        endpoints: whether calls may come through a VPC endpoint, too, and so from no address.
        pages: whether whoever holds a session of the console goes through its pages, and so makes
            the calls by which they read. An attacker takes the session's credentials out of the
            browser and calls what is needed.
    """

    user: Policies = field(default_factory=Policies)
    colleague: Policies = field(default_factory=Policies)
    administrator: Policies = field(default_factory=Policies)
    enrolled: tuple[AttachedPolicy, ...] = ()
    users_may_change: bool = False
    names: Mapping[ScenarioPrincipal, str] = field(default_factory=dict)
    called: SettingNames = field(init=False, compare=False, repr=False)
    path: str = "/"
    colleague_path: str = "/"
    user_id: str = ""
    user_tags: Mapping[str, str] | None = None
    partition: str = DEFAULT_PARTITION
    account: str = ACCOUNT
    trust: AttachedPolicy | None = None
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)
    engine: Assumptions = field(default_factory=Assumptions)
    now: datetime | None = None
    endpoints: bool = False
    pages: bool = False

    def __post_init__(self) -> None:
        # the one way to fill in a field of a frozen value
        object.__setattr__(self, "called", names_for(self.names, self.attached()))

    @property
    def region(self) -> str | None:
        """The region of calls: the one with the partition's IAM; None if it is not known."""
        return iam_region(self.partition)

    @property
    def time(self) -> datetime:
        """The time of all moves; some day if it is not known."""
        return self.now or _SOME_DAY

    def timeless(self) -> "Setting":
        """Return the setting without a time if no policy tests it: it is the same at all times."""
        asked = any(_asks_for_time(each.document) for each in self.attached())
        return self if self.now is None or asked else replace(self, now=None)

    def attached(self) -> Iterator[AttachedPolicy]:
        """Yield every policy of all users, of the group and of the role."""
        for person in ScenarioPrincipal:
            yield from every_policy(self._policies_of(person))
        yield from self.enrolled
        if self.trust is not None:
            yield self.trust

    def policies(self, principal: ScenarioPrincipal, *, member: bool = False) -> Policies:
        """Return the policies of one of the three, as a member of the group or not."""
        own = self._policies_of(principal)
        more = self.enrolled if member else ()
        if self.users_may_change:
            more = (*more, password_change_policy(self.holder(principal).arn))
        return replace(own, identity=(*own.identity, *more)) if more else own

    def _policies_of(self, principal: ScenarioPrincipal) -> Policies:
        match principal:
            case ScenarioPrincipal.USER:
                return self.user
            case ScenarioPrincipal.COLLEAGUE:
                return self.colleague
            case ScenarioPrincipal.ADMINISTRATOR:
                return self.administrator

    def holder(self, principal: ScenarioPrincipal) -> Holder:
        """Return the IAM identity of one of the three."""
        name, paths = (
            self.called.people[principal],
            {ScenarioPrincipal.USER: self.path, ScenarioPrincipal.COLLEAGUE: self.colleague_path},
        )
        unique = self._id(principal) or f"AIDAEXAMPLE{USUAL.people[principal].upper():0<10}"
        return Holder(
            HolderKind.USER, self.partition, self.account, name, paths.get(principal, "/"), unique
        )

    def _id(self, principal: ScenarioPrincipal) -> str:
        return self.user_id if principal is ScenarioPrincipal.USER else ""

    def tags(self, principal: ScenarioPrincipal) -> Mapping[str, str]:
        """Return the condition keys of the tags of one of the three, as far as known."""
        tags = self.user_tags if principal is ScenarioPrincipal.USER and self.user_tags else {}
        return {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}

    def caller(self, principal: ScenarioPrincipal) -> CallingUser:
        """Return one of the three as a calling user: with id and tags if they are known."""
        unique = self._id(principal)
        known = {USER_ID: unique} if unique else {}
        all_tags = principal is ScenarioPrincipal.USER and self.user_tags is not None
        return CallingUser.of(
            self.holder(principal).arn, {**known, **self.tags(principal)}, all_tags=all_tags
        )

    def unmodelled(
        self, acting: Iterable[ScenarioPrincipal], acts: Collection[MoveKind]
    ) -> tuple[str, ...]:
        """Return the condition keys that policies test and that the model does not have.

        The result of a condition on such a key for these `acts` cannot be determined here.
        """
        actions = actions_of(acts, pages=self.pages and self.signin.mfa_page_needs_reads)
        unknown = {
            key.lower(): key
            for person in acting
            for statement in self._statements(person)
            for key in _keys(statement, actions)
            if not self._knows(person, key.lower())
        }
        return tuple(unknown[key] for key in sorted(unknown))

    def addresses(self) -> tuple[str | None, ...]:
        """Return an address for each combination of results of the conditions on it.

        None: no address, as through a VPC endpoint; the only value if no policy tests the address.
        """
        on_addresses = self._address_conditions()
        if not on_addresses:
            return (None,)
        values, _ = values_for(on_addresses, Context(), self.time, Budget())
        caller = Caller(self.holder(ScenarioPrincipal.USER).arn, CallerKind.USER)
        by_results: dict[tuple[bool, ...], str | None] = {}
        for address in (*values, *([None] if self.endpoints else [])):
            context = Context({} if address is None else {keys.ADDRESS: address})
            request = Request(caller.arn, "iam:GetUser", "*", context)
            scope = Scope(request, caller, Version.V2012, TrackedAssumptions(self.engine))
            results = tuple(conditions.holds(each.condition, scope) for each in on_addresses)
            by_results.setdefault(results, address)
        return tuple(by_results.values())

    def _address_conditions(self) -> tuple[VersionedCondition, ...]:
        """Return the conditions on the caller's address, for all callers."""
        attached = chain(
            *(every_policy(self.policies(person, member=True)) for person in ScenarioPrincipal),
            () if self.trust is None else (self.trust,),
        )
        return tuple(
            dict.fromkeys(
                VersionedCondition(condition, each.document.version)
                for each in attached
                for statement in each.document.statements
                for condition in statement.conditions
                if condition.key.lower() == keys.ADDRESS
            )
        )

    def _knows_addresses(self) -> bool:
        """Return whether `aws:SourceIp` is only compared with ranges of addresses."""
        families = {family_of(each.condition.operator.name) for each in self._address_conditions()}
        texts = (
            value
            for person in ScenarioPrincipal
            for each in self._statements(person)
            for value in texts_of(each)
        )
        variables = (key.lower() for value in texts for key in _VARIABLE.findall(value))
        return families <= _OF_ADDRESSES and keys.ADDRESS not in variables

    def _knows(self, principal: ScenarioPrincipal, key: str) -> bool:
        if key == keys.ADDRESS:
            return self._knows_addresses()
        if key.startswith(TAG):
            return principal is ScenarioPrincipal.USER and self.user_tags is not None
        if key == "aws:requestedregion":
            return self.region is not None
        timed = key in _TIMES and self.now is not None
        return key in _MODELLED or timed or (key == USER_ID and bool(self.user_id))

    def names_callers(self) -> tuple[str, ...]:
        """Return the keys by which the policies distinguish users as callers."""
        keys_named = {
            key.lower()
            for statement in self._statements(ScenarioPrincipal.COLLEAGUE)
            for key in _keys(statement, ACTIONS)
        }
        return tuple(sorted(keys_named & _NAMING))

    def device_name_patterns(self, acts: Container[MoveKind]) -> tuple[str, ...]:
        """Return the patterns that distinguish device names other than users' own names.

        The model has one other name for all of them. Only statements about `acts` count.
        """
        return tuple(
            value
            for person in ScenarioPrincipal
            for statement in self._statements(person)
            for value in _device_patterns(statement, acts)
            if self._distinguishes_devices(value)
        )

    def _statements(self, principal: ScenarioPrincipal) -> Iterator[Statement]:
        """Yield the statements that can decide; after an Allow of everything, no other Allow."""
        policies = self.policies(principal, member=True)
        idle = ALLOW_EVERYTHING in policies.identity
        for attached in policies.identity:
            for statement in attached.document.statements:
                if statement.effect is Effect.DENY or not idle:
                    yield statement
        # each of the others has to allow on its own
        for attached in every_policy(replace(policies, identity=())):
            yield from attached.document.statements

    def _distinguishes_devices(self, value: str) -> bool:
        """Return whether a pattern matches some devices without a user's name, but not all."""
        tail = value.split(":", 5)[-1]
        prefix = re.split(r"[*?$]", tail, maxsplit=1)[0]
        if not ("mfa/".startswith(prefix) or prefix.startswith("mfa/")):
            return False
        takes_in_all = tail == f"{prefix}*" and "mfa/".startswith(prefix)
        own = ("mfa/${aws:username}", *(f"mfa/{name}" for name in self.names.values()))
        return not takes_in_all and tail not in own

    @property
    def role_trust(self) -> AttachedPolicy:
        """The trust policy of the role."""
        if self.trust is not None:
            return self.trust
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{self.account}:root"},
        }
        document = from_json(
            {"Version": "2012-10-17", "Statement": statement}, kind=PolicyKind.TRUST
        )
        return AttachedPolicy(f"trust policy of {self.called.role}", document)


def _device_patterns(statement: Statement, acts: Container[MoveKind]) -> Iterator[str]:
    """Yield a statement's resource patterns on the creation or deletion of devices.

    A Deny of one exact name leaves all the others.
    """
    asked = [act for act in (MoveKind.CREATE_DEVICE, MoveKind.DELETE_DEVICE) if act in acts]
    resource = statement.resource
    if resource is None or not _is_about(statement, asked):
        return
    exact_denied = statement.effect is Effect.DENY and not resource.negated
    for value in resource.values:
        if not exact_denied or set("*?$") & set(value.split(":", 5)[-1]):
            yield value


def _keys(statement: Statement, actions: Iterable[str]) -> Iterator[str]:
    """Yield the condition keys, including those in policy variables, that a statement tests.

    A statement about none of the actions tests none of the keys.
    """
    if not _is_about(statement, actions):
        return
    for condition in statement.conditions:
        key, absence = condition.key, condition.operator.name is OperatorName.NULL
        if not (absence and key.lower() in _TIMES):
            yield key
    for value in texts_of(statement):
        yield from (key for key in _VARIABLE.findall(value) if key not in _CHARACTERS)


@cached_by_identity
def _asks_for_time(document: Document) -> bool:
    """Return whether a policy tests the time, in a condition or by a variable."""
    keys_in = (
        key.lower()
        for statement in document.statements
        for key in (
            *(condition.key for condition in statement.conditions),
            *chain.from_iterable(map(_VARIABLE.findall, texts_of(statement))),
        )
    )
    return not _TIMES.isdisjoint(keys_in)


def _is_about(statement: Statement, actions: Iterable[str]) -> bool:
    tracked = TrackedAssumptions(Assumptions())
    return any(action_matches(statement.action, action, tracked) for action in actions)
