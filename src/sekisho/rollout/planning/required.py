"""Who has not come to the kind of MFA device that a goal requires. Pure.

A target that is watched, never a reason against a plan: whoever has another kind of device signs in
with it as before.
"""

from collections.abc import Iterator

from sekisho.account import users_not_read
from sekisho.messages import Message
from sekisho.rollout.goal.model import Goal, Waits
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.plan import PlanNote

OTHER_KIND = Message(
    "The goal requires a passkey or security key, and these users have another kind of device "
    "only. Nobody is locked out for that, for no policy can ask for the kind: "
    "`aws:MultiFactorAuthPresent` is true with any. `sekisho status` names who still lacks one."
)
NO_DEVICE = Message(
    "The goal requires a passkey or security key, and these users have no device yet: tell them "
    "to choose that kind. Those with access keys need an authenticator app as well."
)
NOT_READ = Message(
    "The goal requires a passkey or security key; whether these users have one could not be read."
)
_LEFT_OUT = (Waits.EXEMPT, Waits.LEFT_OUT)


def without_required(accounts: BeforeAfter, goal: Goal) -> Iterator[PlanNote]:
    """Yield who of a goal does not have the kind of device that it requires, or may not."""
    if goal.require is None:
        return
    snapshot = accounts.before
    left_out = {name for name, waiting in goal.waiting.items() if waiting.why in _LEFT_OUT}
    left_out |= {*goal.break_glass}
    named = dict.fromkeys([*goal.enforced, *(n for wave in goal.waves for n in wave.users)])
    named |= dict.fromkeys(user.name for user in accounts.targets)
    about = [name for name in sorted(named) if name not in left_out]
    known = snapshot.user_named
    enrolled = {user.name for user in snapshot.users if user.devices}
    unread = users_not_read(snapshot, "ListMFADevices")
    lacking = [name for name in about if name not in known or not goal.require.met_for(known[name])]
    found = {
        OTHER_KIND: [name for name in lacking if name in enrolled],
        NO_DEVICE: [name for name in lacking if name not in enrolled | unread],
        NOT_READ: [name for name in lacking if name in unread - enrolled],
    }
    for text, names in found.items():
        if names:
            yield PlanNote("passkey-required", text, tuple(names))
