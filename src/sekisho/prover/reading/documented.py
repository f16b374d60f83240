"""Which requests AWS documents: the keys that an action's requests have, and where they go."""

from dataclasses import dataclass

from sekisho.catalogue import Action, depends_on_action, load, may_have, only_region
from sekisho.engine import Request
from sekisho.engine.matching import arns
from sekisho.prover.reading import keys
from sekisho.prover.reading.credentials import CallingUser


@dataclass(frozen=True, slots=True)
class Documented:
    """The requests of one user that AWS documents.

    Attributes:
        partition: the user's.
        caller: what kind of caller it is, as the catalogue names them.
        given: keys, in lower case, that are known of every request of the user.
        provider: the identity provider that calls in the user's place, in lower case; "": none.
    """

    partition: str
    caller: str
    given: frozenset[str]
    provider: str = ""

    @classmethod
    def of_user(cls, user: CallingUser) -> "Documented":
        """Return which requests of a user, or of who calls in the user's place, are documented."""
        caller, provider = "user", ""
        if user.is_service:
            caller = "service"
        elif user.outside:
            caller, provider = "provider", user.outside.lower()
        elif user.is_role or user.unsettled:
            caller = "role"
        return cls(user.partition, caller, frozenset(map(str.lower, user.known)), provider)

    def tells_actions_apart(self, key: str) -> bool:
        """Tell whether some actions' requests have `key` (in lower case) and others' do not.

        One that tells what a key of every action does has its value wherever it is.
        """
        return key not in self.given and depends_on_action(keys.main_of(key))

    def has(self, action: Action, key: str) -> bool:
        """Tell whether requests of an action can have `key` (in lower case)."""
        own = key.rpartition(":")[0]
        if not self.tells_actions_apart(key) or (own and self.provider.endswith(own)):
            return True
        return any(may_have(action, each, caller=self.caller) for each in {key, keys.main_of(key)})

    def region_of(self, action: Action) -> str | None:
        """Return the one Region to which direct calls of an action go; None if it is not known."""
        return only_region(str(action), self.partition)

    def left_out(self, request: Request, *, direct: bool) -> tuple[str, ...]:
        """Return the keys of a request that are not documented of its action, in order.

        `aws:RequestedRegion` is among them where the service is not in the Region that the key or
        the resource names. Of an action that the catalogue does not know, nothing is documented.

        Args:
            request: the request.
            direct: whether the user calls, and no service on the user's behalf.
        """
        action = load().action(request.action)
        if action is None:
            return ()
        found = [key for key in request.context if not self.has(action, key.lower())]
        only = self.region_of(action) if direct else None
        if only is not None and not _regions(request) <= {only}:
            found.append(keys.spelled(keys.REGION))
        return tuple(found)


def _regions(request: Request) -> frozenset[str]:
    """Return the Regions that a request and its resource name."""
    parts = arns.split(request.resource)
    named = (request.context.folded.get(keys.REGION), *parts[3:4])
    return frozenset(each for each in named if isinstance(each, str) and each not in ("", "*"))
