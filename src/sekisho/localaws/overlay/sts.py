"""Session credentials: their owners, durations and MFA.

The authorizer has verified the caller, the MFA code and the policies before a method here runs.

Source: AWS STS API Reference; IAM User Guide, "Secure API access with MFA"; docs/signin.md.
"""

from datetime import timedelta
from typing import TypeVar

from moto.core.responses import ActionResult
from moto.iam.models import Role
from moto.sts.responses import TokenResponse

from sekisho.localaws.overlay.documents import check_document
from sekisho.localaws.overlay.request import from_rule, iam, naive, no_such, not_built, text
from sekisho.localaws.state.moto_iam import default_text
from sekisho.localaws.state.sealing import IssuedCredentials, mint
from sekisho.localaws.state.world import CALLER, WORLD
from sekisho.policy import PolicyKind
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    Refused,
    SessionTag,
    packed_size,
    role_duration,
    session_tags,
    source_identity,
    token_duration,
)

_Outcome = TypeVar("_Outcome", timedelta, int, str, tuple[SessionTag, ...])


def get_session_token(self: TokenResponse) -> ActionResult:
    """Return a session with the caller's own rights, with MFA if the call has a code."""
    world, caller = WORLD.get(), CALLER.get()
    holder = caller.credential.holder
    lasts = _unless_refused(token_duration(holder.kind, self._get_int_param("DurationSeconds")))
    now = world.clock.now()
    session = Credential(
        CredentialKind.SESSION_TOKEN, holder, now, now + lasts, mfa_at=caller.mfa_at
    )
    return ActionResult({"Credentials": _credentials(mint(world, session))})


def assume_role(self: TokenResponse) -> ActionResult:
    """Return a session with a role's rights. It never has the caller's MFA (docs/signin.md)."""
    world, caller = WORLD.get(), CALLER.get()
    role, name = _role(text(self, "RoleArn")), text(self, "RoleSessionName")
    identity = _unless_refused(
        source_identity(text(self, "SourceIdentity"), caller.credential.source_identity)
    )
    inherited = tuple(tag for tag in caller.credential.tags if tag.transitive)
    tags = _session_tags(self, inherited)
    chained = caller.credential.kind is CredentialKind.ROLE_SESSION
    longest = int(role.max_session_duration or 3600)
    asked = self._get_int_param("DurationSeconds")
    lasts = _unless_refused(role_duration(asked, longest, chained=chained))
    packed, policies = _packed_size(self, tags), _session_policies(self)
    holder = Holder(HolderKind.ROLE, world.partition, world.account, role.name, role.path, role.id)
    now = world.clock.now()
    session = Credential(
        CredentialKind.ROLE_SESSION,
        holder,
        now,
        now + lasts,
        session_name=name,
        tags=tags,
        source_identity=identity,
    )
    answer: dict[str, object] = {
        "Credentials": _credentials(mint(world, session, policies)),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if packed:
        answer["PackedPolicySize"] = packed
    if identity:
        answer["SourceIdentity"] = identity
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
    lasts = _unless_refused(token_duration(user.kind, self._get_int_param("DurationSeconds")))
    tags = _session_tags(self)
    packed, policies = _packed_size(self, tags), _session_policies(self)
    holder = Holder(HolderKind.FEDERATED, world.partition, world.account, name)
    now = world.clock.now()
    session = Credential(
        CredentialKind.FEDERATED_SESSION, holder, now, now + lasts, tags=tags, made_by=user
    )
    return ActionResult(
        {
            "Credentials": _credentials(mint(world, session, policies)),
            "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
            "PackedPolicySize": packed,
        }
    )


def assume_role_with_saml(_: TokenResponse) -> ActionResult:
    """Not imitated: there is no identity provider to verify."""
    raise not_built("AssumeRoleWithSAML")


def assume_role_with_web_identity(_: TokenResponse) -> ActionResult:
    """Not imitated: there is no identity provider to verify."""
    raise not_built("AssumeRoleWithWebIdentity")


def _unless_refused(outcome: _Outcome | Refused) -> _Outcome:
    """Return what a rule says, or raise its refusal."""
    if isinstance(outcome, Refused):
        raise from_rule(outcome)
    return outcome


def _role(arn: str) -> Role:
    for role in iam().roles.values():
        if role.arn == arn:
            return role
    # the authorizer has refused it already, in a form that does not tell whether the role exists
    raise no_such("role", arn.rpartition("/")[2])


def _packed_size(response: TokenResponse, tags: tuple[SessionTag, ...]) -> int:
    arns = tuple(item["arn"] for item in response._get_param("PolicyArns", []))
    return _unless_refused(packed_size(text(response, "Policy"), arns, tags))


def _session_policies(response: TokenResponse) -> tuple[str, ...]:
    texts = [
        check_document(given, PolicyKind.SESSION) for given in [text(response, "Policy")] if given
    ]
    for item in response._get_param("PolicyArns", []):
        managed = iam().managed_policies.get(item["arn"])
        if managed is None:
            raise no_such("policy", item["arn"])
        texts.append(default_text(managed))
    return tuple(texts)


def _session_tags(
    response: TokenResponse, inherited: tuple[SessionTag, ...] = ()
) -> tuple[SessionTag, ...]:
    given = {tag["Key"]: tag["Value"] for tag in response._get_param("Tags", [])}
    transitive = response._get_param("TransitiveTagKeys", [])
    return _unless_refused(session_tags(given, transitive, inherited))


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
