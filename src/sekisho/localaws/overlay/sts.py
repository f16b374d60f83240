"""Session credentials: their owners, durations and MFA.

The authorizer has verified the caller, the MFA code and the policies before a method here runs.

Source: AWS STS API Reference; IAM User Guide, "Secure API access with MFA"; docs/signin.md.
"""

from datetime import timedelta

from moto.core.responses import ActionResult
from moto.iam.models import Role
from moto.sts.responses import TokenResponse

from sekisho.localaws.overlay.documents import check_document
from sekisho.localaws.overlay.request import from_rule, iam, naive, no_such, not_built, refuse, text
from sekisho.localaws.state.sealing import IssuedCredentials, mint
from sekisho.localaws.state.world import CALLER, WORLD
from sekisho.localaws.wire.errors import Refusal
from sekisho.policy import PolicyKind
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    Refused,
    SessionTag,
    check_external_id,
    check_federated_name,
    check_session_name,
    check_source_identity,
    role_duration,
    token_duration,
)

_MOST_SESSION_POLICIES = 10
_PACKED_QUOTA = 2048


def get_session_token(self: TokenResponse) -> ActionResult:
    """Return a session with the caller's own rights, with MFA if the call has a code."""
    world, caller = WORLD.get(), CALLER.get()
    holder = caller.credential.holder
    lasts = _duration(token_duration(holder.kind, self._get_int_param("DurationSeconds")))
    now = world.clock.now()
    session = Credential(
        CredentialKind.SESSION_TOKEN, holder, now, now + lasts, mfa_at=caller.mfa_at
    )
    return ActionResult({"Credentials": _credentials(mint(world, session))})


def assume_role(self: TokenResponse) -> ActionResult:
    """Return a session with a role's rights. It never has the caller's MFA (docs/signin.md)."""
    world, caller = WORLD.get(), CALLER.get()
    role, name = _role(text(self, "RoleArn")), text(self, "RoleSessionName")
    refuse(check_session_name(name))
    if identity := text(self, "SourceIdentity"):
        refuse(check_source_identity(identity))
    if external_id := text(self, "ExternalId"):
        refuse(check_external_id(external_id))
    inherited = tuple(tag for tag in caller.credential.tags if tag.transitive)
    tags = _session_tags(self, inherited)
    chained = caller.credential.kind is CredentialKind.ROLE_SESSION
    longest = int(role.max_session_duration or 3600)
    asked = self._get_int_param("DurationSeconds")
    lasts = _duration(role_duration(asked, longest, chained=chained))
    policies = _session_policies(self)
    holder = Holder(HolderKind.ROLE, world.partition, world.account, role.name, role.path, role.id)
    now = world.clock.now()
    session = Credential(
        CredentialKind.ROLE_SESSION,
        holder,
        now,
        now + lasts,
        session_name=name,
        tags=(*inherited, *tags),
    )
    answer: dict[str, object] = {
        "Credentials": _credentials(mint(world, session, policies)),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if packed := _packed_size(policies, tags):
        answer["PackedPolicySize"] = packed
    return ActionResult(answer)


def get_caller_identity(_: TokenResponse) -> ActionResult:
    """Return the identity of the caller."""
    credential = CALLER.get().credential
    return ActionResult(
        {
            "UserId": credential.user_id,
            "Account": credential.holder.account,
            "Arn": credential.arn,
        }
    )


def get_federation_token(self: TokenResponse) -> ActionResult:
    """Return a session with a part of the caller's rights and without MFA.

    The session may do only what its session policies allow; without any it may do nothing.
    """
    world, user = WORLD.get(), CALLER.get().credential.holder
    name = text(self, "Name")
    refuse(check_federated_name(name))
    lasts = _duration(token_duration(user.kind, self._get_int_param("DurationSeconds")))
    policies, tags = _session_policies(self), _session_tags(self)
    holder = Holder(HolderKind.FEDERATED, world.partition, world.account, name)
    now = world.clock.now()
    session = Credential(
        CredentialKind.FEDERATED_SESSION, holder, now, now + lasts, tags=tags, made_by=user
    )
    return ActionResult(
        {
            "Credentials": _credentials(mint(world, session, policies)),
            "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
            "PackedPolicySize": _packed_size(policies, tags),
        }
    )


def assume_role_with_saml(_: TokenResponse) -> ActionResult:
    """Not imitated: there is no identity provider to verify."""
    raise not_built("AssumeRoleWithSAML")


def assume_role_with_web_identity(_: TokenResponse) -> ActionResult:
    """Not imitated: there is no identity provider to verify."""
    raise not_built("AssumeRoleWithWebIdentity")


def _duration(outcome: timedelta | Refused) -> timedelta:
    if isinstance(outcome, Refused):
        raise from_rule(outcome)
    return outcome


def _role(arn: str) -> Role:
    for role in iam().roles.values():
        if role.arn == arn:
            return role
    # the authorizer has refused it already, in a form that does not tell whether the role exists
    raise no_such("role", arn.rpartition("/")[2])


def _session_policies(response: TokenResponse) -> tuple[str, ...]:
    texts = [
        check_document(given, PolicyKind.SESSION) for given in [text(response, "Policy")] if given
    ]
    arns = [item["arn"] for item in response._get_param("PolicyArns", [])]
    if len(arns) > _MOST_SESSION_POLICIES:
        raise Refusal("PackedPolicyTooLarge", "Cannot exceed quota for PolicyArns: 10", 400)
    for arn in arns:
        managed = iam().managed_policies.get(arn)
        if managed is None:
            raise no_such("policy", arn)
        texts += [each.document for each in managed.versions if each.is_default]
    return tuple(texts)


def _session_tags(
    response: TokenResponse, inherited: tuple[SessionTag, ...] = ()
) -> tuple[SessionTag, ...]:
    """Return the session tags of a call.

    Args:
        response: the call.
        inherited: the transitive tags of the session that calls, which it must not replace.

    Raises:
        Refusal: `InvalidParameterValue`.
    """
    given = response._get_param("Tags", [])
    transitive = {key.lower() for key in response._get_param("TransitiveTagKeys", [])}
    keys = {tag["Key"].lower() for tag in given}
    if not transitive <= keys:
        raise _bad_tags("The specified transitive tag key must be included in the requested tags.")
    if keys & {tag.key.lower() for tag in inherited}:
        raise _bad_tags(
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
    return tuple(
        SessionTag(tag["Key"], tag["Value"], tag["Key"].lower() in transitive) for tag in given
    )


def _bad_tags(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message, 400)


def _packed_size(policies: tuple[str, ...], tags: tuple[SessionTag, ...]) -> int:
    """Return the share of the quota that the session's policies and tags use, in percent.

    How AWS packs them is its own; the number is like AWS's only in that nothing is 0.
    """
    size = sum(map(len, policies)) + sum(len(tag.key) + len(tag.value) for tag in tags)
    return min(100, 1 + 100 * size // _PACKED_QUOTA) if size else 0


def _credentials(issued: IssuedCredentials) -> dict[str, object]:
    return {
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "SessionToken": issued.session_token,
        "Expiration": naive(issued.expires_at),
    }


OPERATIONS = (
    get_session_token,
    assume_role,
    get_caller_identity,
    get_federation_token,
    assume_role_with_saml,
    assume_role_with_web_identity,
)
