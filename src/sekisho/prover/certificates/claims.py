"""Claims: the property that a certificate is to show, of the prover's policies and caller."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sekisho import check_proof
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Document, to_json
from sekisho.prover.reading.credentials import CALLER_KEYS, CallingUser
from sekisho.prover.reading.policies import names_any

OLD = "old_"
"""The prefix of the names of the layers of the policies before a change."""


def document_of(document: Document) -> Any:
    """Return a document in the checker's form."""
    return check_proof.read_json(json.dumps(to_json(document)))


def claim_of(
    policies: Policies,
    user: CallingUser | None,
    kind: str = check_proof.ENFORCED,
    exempt: Iterable[str] = (),
    calls: str = "all",
) -> check_proof.Claim:
    """Return the claim that `certify` is to prove and the checker is to check.

    Args:
        policies: of the caller; those of resources and endpoints are not looked at.
        user: the user, or the role whose sessions call; None for any user of any account.
        kind: `check_proof.ENFORCED` (whatever identity-based policies are attached later) or
            `check_proof.NOTHING_ALLOWED` (as they are attached).
        exempt: patterns of the exempt actions.
        calls: `direct`, `via-service` or `all`.

    Raises:
        check_proof.UnreadableError: if the checker cannot read a policy, or whoever calls in the
            place of the user is of no account.
    """
    layers, exempt = _layers(policies), tuple(exempt)
    if user is None:
        return check_proof.Claim(kind, layers, exempt=exempt, calls=calls)
    if user.outside_principal:
        raise check_proof.UnreadableError("no certificate is about callers of no account")
    known = {key.lower(): value for key, value in user.known_values.items()}
    federated = user.is_federated
    # a session's name is its maker's choice
    of_arn = {"aws:principalaccount": user.account} if federated else check_proof.known_of(user.arn)
    known = of_arn if federated else {**known, **of_arn}
    of_one_kind = user.open_keys.isdisjoint(_KINDS)
    return (check_proof.Claim if of_one_kind else _ClaimOfAnyKind)(
        kind,
        layers,
        exempt=exempt,
        calls=calls,
        role=user.is_role,
        federated=federated,
        known={key: value for key, value in known.items() if key not in user.open_keys},
        all_tags=user.all_tags,
    )


_TIMES = ("aws:currenttime", "aws:epochtime", "aws:tokenissuetime")
_KINDS = frozenset({"aws:principaltype"})
"""The keys in which kinds of callers differ."""


class _ClaimOfAnyKind(check_proof.Claim):
    """A claim about callers of every kind, about whom no fact is known."""

    def _in_scope(self, written: Mapping[str, Any]) -> bool:
        conditions = written["statement"].get("Condition", {}).values()
        of_callers = {key.lower() for keys in conditions for key in keys} & CALLER_KEYS
        of_one_kind = {*written.get("scope", ())} & {"user", "role"}
        return not of_callers and not of_one_kind and super()._in_scope(written)


def no_new_access_claim(
    old: Policies,
    new: Policies,
    user: CallingUser | None,
    calls: str = "all",
) -> check_proof.Claim:
    """Return the claim that new policies allow nothing, with or without MFA, that old ones do not.

    Args:
        old: the policies before the change.
        new: the policies after it.
        user: as for `claim_of`.
        calls: as for `claim_of`.

    Raises:
        check_proof.UnreadableError: as `claim_of` does.
    """
    claim = claim_of(new, user, check_proof.NO_NEW_ACCESS, calls=calls)
    return replace(claim, old=_layers(old, OLD))


def from_now_on(claim: check_proof.Claim, now: datetime, *sets: Policies) -> check_proof.Claim:
    """Return a claim about requests from a time on, if one of its sets of policies names a time."""
    if not any(names_any(policies, _TIMES) for policies in sets):
        return claim
    return replace(claim, since=f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def layers_of(policies: Policies, prefix: str = "") -> dict[str, tuple[AttachedPolicy, ...]]:
    """Return the policies of each layer, by the checker's name of the layer.

    Args:
        policies: of the caller.
        prefix: the prefix of the names.
    """
    layers = {"identity": policies.identity}
    layers |= {f"boundary/{at}": (one,) for at, one in enumerate(policies.boundaries or ())}
    if policies.session is not None:
        layers["session"] = policies.session
    for level in policies.scps:
        # the checker's argument is `LEVEL=FILE`
        name = f"scp/{level.name.replace('=', '-')}"
        # two units of an organisation can have one name
        while name in layers:
            name = f"{name} again"
        layers[name] = level.policies
    return {f"{prefix}{name}": attached for name, attached in layers.items()}


def _layers(policies: Policies, prefix: str = "") -> tuple[check_proof.Layer, ...]:
    return tuple(
        check_proof.layer_of(name, [document_of(one.document) for one in attached])
        for name, attached in layers_of(policies, prefix).items()
    )


def arguments_of(claim: check_proof.Claim, files: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the checker's command line for a claim, without the name of the certificate.

    Args:
        claim: the claim to be checked.
        files: the names of the files of each layer's policies, by the layer's name.
    """
    options = [] if claim.kind == check_proof.ENFORCED else ["--claim", claim.kind]
    for layer in (*claim.layers, *claim.old):
        name, _, level = layer.name.partition("/")
        option = f"--{name.replace('_', '-')}".removesuffix("-identity")
        for file in files[layer.name] if name != "identity" else ():
            options += [option, f"{level}={file}" if name.endswith("scp") else file]
    for action in claim.exempt:
        options += ["--exempt", action]
    arn = claim.known.get("aws:principalarn")
    if arn is not None:
        options += ["--role" if claim.role else "--user-arn", arn]
    of_arn = {} if arn is None else check_proof.known_of(arn)
    for key, value in claim.known.items():
        options += [] if of_arn.get(key) == value else ["--known", f"{key}={value}"]
    options += ["--all-tags"] if claim.all_tags else []
    options += ["--since", claim.since] if claim.since else []
    return options + ([] if claim.calls == "all" else ["--calls", claim.calls])
