"""The kinds of change that a plan is made of, and the account as changes make it."""

from collections.abc import Iterable, Mapping

from sekisho.account import Snapshot
from sekisho.rollout.changes import credentials, policies, unused, users
from sekisho.rollout.changes.model import Change, Forecast

KINDS: Mapping[str, type[Change]] = {
    kind.__name__: kind
    for module in (policies, users, credentials, unused)
    for kind in module.KINDS
}
"""Every kind of change, by the name that it has in a plan's file."""


def forecast(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the account as it will be after `changes`."""
    account = Forecast(snapshot)
    for change in changes:
        change.forecast(account)
    return account.snapshot()
