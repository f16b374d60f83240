"""One layer of policies alone: what is proved of it needs none of the others.

A request passes where no statement denies it, in whatever policy, and where the identity-based
policies, the boundary, the session policies and each level of service control policies allow it. So
what the Denies of one policy, or one layer, refuse without MFA is refused, whatever else is
attached. Most often one policy refuses everything; to look at all of them takes longer the more
there are, and may come to no answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.engine import AttachedPolicy, Policies
from sekisho.prover import ALLOW_EVERYTHING, distinguishes_mfa, only_denials


def layers(policies: Policies) -> Iterator[Policies]:
    """Yield each layer that tells MFA apart, with everything else allowed.

    Each allows all that the policies allow, and that whatever is attached later may allow.
    """
    most = replace(policies, identity=(ALLOW_EVERYTHING,), boundaries=None, session=None, scps=())
    for level in policies.scps:
        yield from _telling(replace(most, scps=(level,)))
    if policies.boundaries is not None:
        yield from _telling(replace(most, boundaries=policies.boundaries))
    if policies.session is not None:
        yield from _telling(replace(most, session=policies.session))
    for each in policies.identity:
        if (document := only_denials(each.document)) is not None:
            denied = AttachedPolicy(each.name, document)
            yield from _telling(replace(most, identity=(denied, ALLOW_EVERYTHING)))


def _telling(layer: Policies) -> Iterator[Policies]:
    if distinguishes_mfa(layer):
        yield layer
