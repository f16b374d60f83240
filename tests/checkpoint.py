"""A local AWS is put back to an earlier moment, so that no test makes again what others have made.

To make a small company and to apply a plan in it takes a hundred calls; to put it back, none. What
is put back is what a roll-out can change: IAM and STS, the clock, and the state beside moto's. Its
keys stay, so that clients and sessions of before are good; other services stay as they are.
"""

from copy import deepcopy
from dataclasses import fields
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.sts.models import sts_backends

from sekisho.localaws import LocalAws

__all__ = ["Checkpoint"]

_LASTING = {"clock", "engine", "entropy", "lock", "log", "master", "signin"}
"""The fields of a `World` that stay: its settings, its keys, and its log."""


class Checkpoint:
    """The state that a local AWS has when this is made.

    Attributes:
        local: the local AWS.
    """

    def __init__(self, local: LocalAws) -> None:
        self.local = local
        account, partition = local.world.account, local.world.partition
        with local.world.lock:
            self._backends = [kind[account][partition] for kind in (iam_backends, sts_backends)]
        self._world_fields = [
            each.name for each in fields(local.world) if each.name not in _LASTING
        ]
        self._kept = self._copy(
            [vars(each) for each in self._backends],
            {name: getattr(local.world, name) for name in self._world_fields},
            vars(local.clock),
        )

    def restore(self) -> LocalAws:
        """Put the local AWS back to it, and return it."""
        backends, world, clock = self._copy(*self._kept)
        for backend, state in zip(self._backends, backends, strict=True):
            vars(backend).clear()
            vars(backend).update(state)
        for name, value in world.items():
            setattr(self.local.world, name, value)
        vars(self.local.clock).update(clock)
        return self.local

    def _copy(self, *state: Any) -> Any:
        """Return a copy of all of it that shares nothing which changes."""
        memo: dict[int, Any] = {id(backend): backend for backend in self._backends}
        for policy in state[0][0]["managed_policies"].values():
            if isinstance(policy, AWSManagedPolicy):
                # there are 1,400, of which a copy by `deepcopy` takes longer than a test
                memo[id(policy)] = twin = object.__new__(AWSManagedPolicy)
                versions = [object.__new__(type(each)) for each in policy.versions]
                for made, version in zip(versions, policy.versions, strict=True):
                    vars(made).update(vars(version))
                vars(twin).update(vars(policy), versions=versions, tags=dict(policy.tags))
        return deepcopy(state, memo)
