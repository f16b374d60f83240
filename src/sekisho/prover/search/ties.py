"""The ties of a request: the dependencies between its action, its resource and its keys.

Some are certain: IAM is in one Region, a request without a resource has no tags, and two keys have
one value. Others are what AWS documents of an action's requests: their keys and their Region. These
only select the requests that are shown, and prove nothing.
"""

from collections.abc import Iterable, Iterator

from sekisho.catalogue import (
    Action,
    depends_on_action,
    iam_region,
    load,
    may_have,
    only_region,
    single_regions,
)
from sekisho.engine import Request
from sekisho.engine.matching import arns
from sekisho.lazy import dataclass
from sekisho.policy import OperatorName
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import VersionedCondition, condition_on
from sekisho.prover.reading.credentials import CallingUser
from sekisho.prover.reading.policies import keys_of, keys_of_text
from sekisho.prover.search.formula import Restriction, StatementRule


@dataclass(frozen=True, slots=True)
class DocumentedRequests:
    """The requests of one user that AWS documents.

    Attributes:
        partition: the user's.
        caller: the kind of caller, by the catalogue's name.
        given_keys: keys, in lower case, that are known of every request of the user.
        provider: the identity provider that calls in the user's place, in lower case; "": none.
    """

    partition: str
    caller: str
    given_keys: frozenset[str]
    provider: str = ""

    @classmethod
    def of_user(cls, user: CallingUser) -> "DocumentedRequests":
        """Return the documented requests of a user, or of a caller in the user's place."""
        caller, provider = "user", ""
        if user.is_service:
            caller = "service"
        elif user.outside_principal:
            caller, provider = "provider", user.outside_principal.lower()
        elif user.is_role or user.open_keys:
            caller = "role"
        return cls(user.partition, caller, frozenset(map(str.lower, user.known_values)), provider)

    def distinguishes_actions(self, key: str) -> bool:
        """Return whether requests of some actions have `key` (in lower case), and of others do not.

        A key equal to a global key that all actions have (`main_of`) distinguishes none of them.
        """
        return key not in self.given_keys and depends_on_action(keys.main_of(key))

    def has(self, action: Action, key: str) -> bool:
        """Return whether requests of an action can have `key` (in lower case)."""
        own = key.rpartition(":")[0]
        if not self.distinguishes_actions(key) or (own and self.provider.endswith(own)):
            return True
        return any(may_have(action, each, caller=self.caller) for each in {key, keys.main_of(key)})

    def region_of(self, action: Action) -> str | None:
        """Return the only Region for direct calls of an action; None if it is not known."""
        return only_region(str(action), self.partition)

    def left_out(self, request: Request, *, direct: bool) -> tuple[str, ...]:
        """Return the keys of a request that are not documented for its action, in order.

        `aws:RequestedRegion` is among them where the service is not in the Region that the key or
        the resource names. Of an action that the catalogue does not know, nothing is documented.

        Args:
            request: the request.
            direct: whether the user calls, and no service on the user's behalf.
        """
        action = load().action(request.action)
        if action is None:
            return ()
        undocumented = [key for key in request.context if not self.has(action, key.lower())]
        only = self.region_of(action) if direct else None
        if only is not None and not _regions(request) <= {only}:
            undocumented.append(keys.spelling_of_key(keys.REGION))
        return tuple(undocumented)


def _regions(request: Request) -> frozenset[str]:
    """Return the Regions in the key and in the resource of a request."""
    parts = arns.split(request.resource)
    named = (request.context.folded.get(keys.REGION), *parts[3:4])
    return frozenset(each for each in named if isinstance(each, str) and each not in ("", "*"))


_NO_RESTRICTION = Restriction()


@dataclass(frozen=True, slots=True)
class SameKey:
    """A service's key with the value of a global key.

    Attributes:
        key, main: both, in lower case.
        absent, main_absent: the conditions that each is absent.
    """

    key: str
    main: str
    absent: VersionedCondition
    main_absent: VersionedCondition


@dataclass(frozen=True, slots=True)
class Ties:
    """The ties between the action, the resource and the keys that some policies test.

    Attributes:
        home: the restriction of requests to IAM.
        untagged: the restriction of requests without a resource.
        same_keys: keys of services that are like global ones.
        tags: the keys of tags in the call, each absent; in the end that there is no list of them.
        documented: which requests AWS documents; None: others are asked about, too.
        lacking: keys that some actions' requests do not have, in lower case, each absent.
        regions: the Regions that are the only ones of some services, each asked for.
    """

    home: tuple[VersionedCondition, ...]
    untagged: tuple[VersionedCondition, ...]
    same_keys: tuple[SameKey, ...] = ()
    tags: tuple[VersionedCondition, ...] = ()
    documented: DocumentedRequests | None = None
    lacking: tuple[tuple[str, VersionedCondition], ...] = ()
    regions: tuple[tuple[str, VersionedCondition], ...] = ()

    @classmethod
    def between(
        cls,
        partition: str,
        rules: Iterable[StatementRule],
        more: Iterable[VersionedCondition],
        documented: DocumentedRequests | None = None,
    ) -> "Ties":
        """Return the ties that some statements and further conditions involve.

        Args:
            partition: the caller's.
            rules: the statements.
            more: the conditions.
            documented: which requests AWS documents; None: others are asked about, too.
        """
        named = {key.lower(): key for key in _spelling_of_asked_keys(rules, more)}
        same = {key: keys.main_of(key) for key in named if keys.main_of(key) != key}
        # the global key of a tag that only a service's key names
        named |= {main: keys.spelling_of_key(main) for main in same.values() if main not in named}
        key = named.get(keys.REGION)
        regions = () if key is None else sorted(single_regions(partition))
        in_regions = tuple(
            (one, condition_on(OperatorName.STRING_EQUALS, str(key), one)) for one in regions
        )
        home = iam_region(partition)
        tags = [key for folded, key in named.items() if folded.startswith(keys.REQUEST_TAG)]
        listed = [named[keys.TAG_KEYS]] if keys.TAG_KEYS in named else []
        return cls(
            tuple(condition for region, condition in in_regions if region == home),
            tuple(
                _condition_absent(key)
                for folded, key in named.items()
                if keys.main_of(folded).startswith(keys.RESOURCE_TAG)
            ),
            tuple(
                SameKey(key, main, _condition_absent(named[key]), _condition_absent(named[main]))
                for key, main in same.items()
            ),
            tuple(map(_condition_absent, (*tags, *listed))) if tags and listed else (),
            documented,
            tuple(
                (key, _condition_absent(named[key]))
                for key in named
                if documented is not None and documented.distinguishes_actions(key)
            ),
            () if documented is None else in_regions,
        )

    @property
    def conditions(self) -> tuple[VersionedCondition, ...]:
        """The conditions that express the ties; empty if no key is tied."""
        same = (one for each in self.same_keys for one in (each.absent, each.main_absent))
        chosen = (asked for _, asked in (*self.lacking, *self.regions))
        return (*self.home, *self.untagged, *same, *self.tags, *chosen)

    def restriction_of(self, action: Action | None, *, direct: bool) -> Restriction:
        """Return the restriction of every request about an action; None: an unknown action.

        Where a service calls on the user's behalf, it is not documented where that call goes.
        """
        if action is None or not self.conditions:
            return _NO_RESTRICTION
        home = self.home if direct and keys.is_where_iam_is(action) else ()
        untagged = () if keys.has_tags_of_nothing(action) else self.untagged
        foreign = (each.absent for each in self.same_keys if keys.is_foreign(each.key, action))
        chosen = self._documented_conditions(action, direct=direct)
        return Restriction(
            conditions=tuple((each, True) for each in (*home, *foreign, *chosen)),
            of_nothing=untagged,
            implied=tuple(self._implied(action)),
        )

    def region_of(self, action: Action) -> str:
        """Return the only Region of an action's resources; "": any, or it does not matter."""
        only = None if self.documented is None else self.documented.region_of(action)
        return only or ""

    def _documented_conditions(
        self, action: Action, *, direct: bool
    ) -> Iterator[VersionedCondition]:
        """Yield the conditions that documented requests of an action satisfy."""
        if self.documented is None:
            return
        for key, absent in self.lacking:
            if not self.documented.has(action, key):
                yield absent
        only = self.documented.region_of(action) if direct else None
        yield from (asked for region, asked in self.regions if region == only)

    def _implied(self, action: Action) -> Iterator[tuple[VersionedCondition, VersionedCondition]]:
        """Yield the keys that are absent only if another is, in requests of an action."""
        for each in self.same_keys:
            if keys.come_together(each.key, each.main, action):
                yield each.absent, each.main_absent
                yield each.main_absent, each.absent
        if self.tags and load().has_key(action, keys.TAG_KEYS):
            yield from ((self.tags[-1], each) for each in self.tags[:-1])


def _condition_absent(key: str) -> VersionedCondition:
    return condition_on(OperatorName.NULL, key, "true")


def _spelling_of_asked_keys(
    rules: Iterable[StatementRule], more: Iterable[VersionedCondition]
) -> Iterator[str]:
    """Yield the keys that conditions test and variables name."""
    for rule in rules:
        for entry in rule.resource.values:
            yield from keys_of_text(entry, rule.version)
        for asked in rule.conditions:
            yield from keys_of(asked.condition, asked.version)
    for asked in more:
        yield from keys_of(asked.condition, asked.version)
