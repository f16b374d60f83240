"""The context of a request, and the keys that AWS would set and that are not known here.

A key is set only if its value is known: from the credential, from the parameters, from moto's
state. It is absent only if AWS would not set it either. Every other key that AWS sets for the
action, by the catalogue, is *not known*: `authorize` decides the worst case of its values, so that
a Deny that asks for it counts and an Allow does not. The keys that are taken to be absent are
listed below one by one, each with the reason; one that ends in `/` is followed by a tag's name.

`aws:SecureTransport` is true: the local AWS stands for AWS's own endpoints, which clients reach by
TLS.

Sources: IAM User Guide, "AWS global condition context keys", Availability of each key, and "IAM and
AWS STS condition context keys"; AWS Service Authorization Reference (through the catalogue); the
guides that are named below.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from sekisho.catalogue import load
from sekisho.engine import Context, ContextValue, UnknownKey
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.request_tags import has_unread_tags, removed_keys, tag_sets
from sekisho.localaws.decision.resource_names import naming
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import REGISTERING, VerifiedCaller, World
from sekisho.signin import Credential, context_of

_FROM_PARAMS: Mapping[tuple[str, str], str] = {
    ("iam", "PolicyArn"): "iam:PolicyARN",
    ("iam", "PermissionsBoundary"): "iam:PermissionsBoundary",
    ("iam", "AWSServiceName"): "iam:AWSServiceName",
    ("iam", "ServiceName"): "iam:ServiceSpecificCredentialServiceName",
    ("iam", "CredentialAgeDays"): "iam:ServiceSpecificCredentialAgeDays",
    ("sts", "ExternalId"): "sts:ExternalId",
    ("sts", "RoleSessionName"): "sts:RoleSessionName",
    ("sts", "SourceIdentity"): "sts:SourceIdentity",
    ("sts", "DurationSeconds"): "sts:DurationSeconds",
    ("s3", "Prefix"): "s3:prefix",
    ("s3", "Delimiter"): "s3:delimiter",
    ("s3", "MaxKeys"): "s3:max-keys",
    ("s3", "VersionId"): "s3:VersionId",
    ("s3", "ACL"): "s3:x-amz-acl",
    ("s3", "BucketNamespace"): "s3:x-amz-bucket-namespace",
    ("s3", "CopySource"): "s3:x-amz-copy-source",
    ("s3", "GrantFullControl"): "s3:x-amz-grant-full-control",
    ("s3", "GrantRead"): "s3:x-amz-grant-read",
    ("s3", "GrantReadACP"): "s3:x-amz-grant-read-acp",
    ("s3", "GrantWrite"): "s3:x-amz-grant-write",
    ("s3", "GrantWriteACP"): "s3:x-amz-grant-write-acp",
    ("s3", "IfMatch"): "s3:if-match",
    ("s3", "IfNoneMatch"): "s3:if-none-match",
    ("s3", "MetadataDirective"): "s3:x-amz-metadata-directive",
    ("s3", "ObjectLockLegalHoldStatus"): "s3:object-lock-legal-hold",
    ("s3", "ObjectLockMode"): "s3:object-lock-mode",
    ("s3", "ObjectOwnership"): "s3:x-amz-object-ownership",
    ("s3", "SSECustomerAlgorithm"): "s3:x-amz-server-side-encryption-customer-algorithm",
    ("s3", "SSEKMSKeyId"): "s3:x-amz-server-side-encryption-aws-kms-key-id",
    ("s3", "ServerSideEncryption"): "s3:x-amz-server-side-encryption",
    ("s3", "StorageClass"): "s3:x-amz-storage-class",
    ("s3", "WebsiteRedirectLocation"): "s3:x-amz-website-redirect-location",
    ("secretsmanager", "SecretId"): "secretsmanager:SecretId",
    ("secretsmanager", "VersionId"): "secretsmanager:VersionId",
    ("secretsmanager", "VersionStage"): "secretsmanager:VersionStage",
}
"""Parameters whose value is the value of a condition key; absent if not given."""

_IF_GIVEN: Mapping[tuple[str, str], str] = {("ec2", "InstanceType"): "ec2:InstanceType"}
"""The same, for parameters in whose absence AWS uses a value of its own."""

_PASSED_TO: Mapping[str, str] = {
    "ec2": "ec2.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "events": "events.amazonaws.com",
    "firehose": "firehose.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "states": "states.amazonaws.com",
    "stepfunctions": "states.amazonaws.com",
}
"""The service principal that gets a service's roles, if it is the same for all calls."""


_OF_REQUEST_TAGS = ("aws:requesttag/", "aws:tagkeys")


def base_context(world: World, caller: VerifiedCaller) -> Context:
    """Return the context keys of the caller's credential and address, which every request has."""
    tags = principal_tags(world, caller.credential)
    values: dict[str, ContextValue] = {
        **context_of(caller.credential, world.clock.now(), world.signin_assumptions),
        **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
        "aws:SourceIp": caller.source_ip,
        "aws:SecureTransport": "true",
    }
    return Context(values)


def principal_tags(world: World, credential: Credential) -> dict[str, str]:
    """Return the caller's tags as policies see them; a session's own override its owner's.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """
    tags = moto_iam.tags_of(world, credential.owner)
    tags |= {tag.key: tag.value for tag in credential.tags}
    # of neither IAM takes two that differ in case alone
    return dict({key.lower(): (key, value) for key, value in tags.items()}.values())


@dataclass(slots=True)
class RequestContext:
    """The context keys that a call and its resource add for one of its actions.

    Attributes:
        values: the keys that are known.
        complete: the names, or beginnings of names, in lower case, of keys of which those that are
            not among the values are known to be absent.
        ambiguous: the keys, in lower case, that two tags would set, each to another value.
        kind: the type of the resource, where AWS sets its keys for each type of a call apart.
        tags_read: whether it is known which of the call's tags are the resource's.
    """

    call: ApiCall
    action: str
    values: dict[str, ContextValue]
    complete: set[str] = field(default_factory=lambda: {*_OF_REQUEST_TAGS})
    ambiguous: set[str] = field(default_factory=set)
    kind: str = ""
    tags_read: bool = True

    def add_tags(self, prefix: str, tags: Mapping[str, str]) -> None:
        """Add the condition keys of tags; keys that differ only in case are ambiguous."""
        names = [f"{prefix}{key}".lower() for key in tags]
        for name, (key, value) in zip(names, tags.items(), strict=True):
            if names.count(name) > 1:
                self.ambiguous.add(name)
            else:
                self.values[f"{prefix}{key}"] = value

    def not_known(self, asked: Iterable[str], context: Context) -> Mapping[str, UnknownKey]:
        """Return the keys among `asked`, in lower case, with unknown values.

        `context` is the whole context, with these values in it.
        """
        known = {key.lower() for key in context}
        # all resources belong to the account, or the request does not show the owner
        mine = UnknownKey(like=str(context.folded.get("aws:principalaccount", "*")))
        return {
            key: mine
            if key == _RESOURCE_ACCOUNT
            else UnknownKey(may_be_absent=key not in self.ambiguous)
            for key in asked
            if key in self.ambiguous
            or self._is_unread(key)
            or (key not in known and not self._is_absent(key))
        }

    def _is_unread(self, key: str) -> bool:
        """Return whether a key is of tags whose owner or values are not known."""
        return key.startswith(_OF_REQUEST_TAGS) and (
            not self.tags_read or (self._is_set(key) and has_unread_tags(self.call))
        )

    def _is_set(self, key: str) -> bool:
        """Return whether AWS sets a key for the action, by the catalogue."""
        return any(pattern.fullmatch(key) for pattern in _patterns(self.action, self.kind))

    def _is_absent(self, key: str) -> bool:
        if is_absent(key):
            return True
        if key.startswith("aws:") and not key.startswith(_BY_ACTION):
            # keys newer than these tables are unknown as well
            return False
        return not self._is_set(key) or key.startswith(tuple(self.complete))


def request_context(world: World, call: ApiCall, permission: RequiredPermission) -> RequestContext:
    """Return the context that a call and its resource add for one of its actions."""
    kind = _kind(call, permission)
    found = RequestContext(call, permission.action, {"aws:RequestedRegion": call.region}, kind=kind)
    _add_params(found)
    found.values.update(permission.context)
    _add_request_tags(found)
    if transitive := call.params.get("TransitiveTagKeys"):
        found.values["sts:TransitiveTagKeys"] = tuple(dict.fromkeys(map(str, transitive)))
    _add_resource_tags(world, permission.resource, found)
    _add_resource_account(world, permission, found)
    if (own := _OF_SERVICE.get(call.service)) is not None:
        own(world, permission.resource or "", found)
    if permission.action == "iam:PassRole" and call.service in _PASSED_TO:
        found.values["iam:PassedToService"] = _PASSED_TO[call.service]
    return found


def _kind(call: ApiCall, permission: RequiredPermission) -> str:
    """Return the type of EC2 resource that a call launches or tags; "" for others.

    Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
    EC2": the keys in the row of each type.
    """
    apart = permission.action == "ec2:RunInstances" or any(one.kind for one in tag_sets(call))
    if call.service != "ec2" or not apart:
        return ""
    if permission.resource is not None:
        return permission.resource.split(":", 5)[-1].partition("/")[0]
    # the created resource is of the one type that is needed and not named
    types = naming(call.service, call.operation, permission.action).types
    made = [each.name for each in types if each.required and not each.named]
    return made[0] if len(made) == 1 else _ANY_KIND


_ANY_KIND = "?"
_RESOURCE_ACCOUNT = "aws:resourceaccount"
_BY_ACTION = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")


@cache
def _patterns(action: str, kind: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns, in lower case, of the condition keys that AWS sets for an action."""
    if load().action(action) is None:
        # nothing is known of an action that the catalogue lacks
        return (re.compile(f"{re.escape(action.partition(':')[0].lower())}:.*"),)
    names = _keys(action, kind)
    return tuple(re.compile(_KEY_PLACE.sub(".+", _escaped(name.lower()))) for name in names)


_KEY_PLACE = re.compile(r"\$\{[^}]*\}|<key>|tag-key$")


def _escaped(name: str) -> str:
    # the places are written with characters that `re.escape` would change
    return name.replace(".", r"\.").replace("+", r"\+")


@cache
def _keys(action: str, kind: str = "") -> frozenset[str]:
    """Return the condition keys of an action, on one type of its resources if it has the type."""
    known = load().action(action)
    if known is None:
        return frozenset()
    types = [each for each in known.resource_types if each.name == kind] or known.resource_types
    return frozenset(known.condition_keys).union(*(each.condition_keys for each in types))


def _add_params(found: RequestContext) -> None:
    for name, key, complete in _params_with_keys(found.call.service, found.action, found.kind):
        given = found.call.params.get(name)
        if given is not None:
            found.values[key] = str(given)
        if complete:
            found.complete.add(key.lower())


@cache
def _params_with_keys(service: str, action: str, kind: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the parameters whose values are condition keys of an action.

    Each with its key, and whether that is absent where the parameter is not given.
    """
    keys = _keys(action, kind)
    return tuple(
        (name, key, (service, name) in _FROM_PARAMS)
        for (of, name), key in (*_FROM_PARAMS.items(), *_IF_GIVEN.items())
        if of == service and key in keys
    )


def _add_request_tags(found: RequestContext) -> None:
    """Add the tags that the call sets on the resource, if they are known completely."""
    given = tag_sets(found.call)
    sets = [one for one in given if not found.kind or found.kind == one.kind]
    if len(sets) > 1 or (found.kind == _ANY_KIND and given):
        found.tags_read = False
        return
    pairs = sets[0].pairs if sets else ()
    keys = [*(key for key, _ in pairs), *removed_keys(found.call)]
    if keys:
        found.values["aws:TagKeys"] = tuple(dict.fromkeys(keys))
    found.add_tags("aws:RequestTag/", dict(pairs))


def _add_resource_tags(world: World, resource: str | None, found: RequestContext) -> None:
    """Add the tags of the resource, if moto's are known to be complete."""
    parts = (resource or "").split(":", 5)
    if resource is None or len(parts) < len(_ARN_PARTS):
        return
    service, name = parts[2], parts[5]
    if service == "iam":
        holder = moto_iam.holder_of_arn(world, resource)
        known = name.startswith(("user/", "role/"))
        tags = moto_iam.tags_of(world, holder) if holder is not None else {} if known else None
    else:
        tags = moto_state.tags_of(world, parts[3], service, name)
    if tags is None:
        return
    for prefix in dict.fromkeys(("aws", service)):
        found.complete.add(f"{prefix}:resourcetag/")
        found.add_tags(f"{prefix}:ResourceTag/", tags)


_ARN_PARTS = ("arn", "partition", "service", "region", "account", "resource")


def _add_resource_account(
    world: World, permission: RequiredPermission, found: RequestContext
) -> None:
    """Add the resource's account, if AWS sets it for the action and the ARN contains it."""
    parts = (permission.resource or "").split(":", 5)
    if len(parts) < len(_ARN_PARTS) or permission.action.startswith(NO_ACCOUNT):
        return
    # buckets and objects have no account in their ARNs, and are all the account's own
    if parts[4] == world.account or (parts[2] == "s3" and not parts[4]):
        found.values["aws:ResourceAccount"] = world.account


def _add_iam_keys(world: World, resource: str, found: RequestContext) -> None:
    """Add the known facts about the credential and about the user or role of a call."""
    registering = REGISTERING.get()
    if registering is not None and found.action == "iam:EnableMFADevice":
        found.values["iam:RegisterSecurityKey"] = registering.step.value
    identifier = str(found.call.params.get("ServiceSpecificCredentialId", ""))
    if (known := world.service_credentials.get(identifier)) is not None:
        found.values["iam:ServiceSpecificCredentialServiceName"] = known.service
    if "PermissionsBoundary" not in found.call.params and "iam:PermissionsBoundary" in _keys(
        found.action
    ):
        # a call that sets no boundary has the existing one
        found.complete.add("iam:permissionsboundary")
        if (boundary := moto_iam.boundary_of(world, resource)) is not None:
            found.values["iam:PermissionsBoundary"] = boundary


def _add_s3_keys(world: World, resource: str, found: RequestContext) -> None:
    params = found.call.params
    found.values["s3:ResourceAccount"] = world.account
    found.values["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    place = params.get("CreateBucketConfiguration")
    found.complete |= {"s3:locationconstraint", "s3:requestobjecttag"}
    if isinstance(place, Mapping) and place.get("LocationConstraint"):
        found.values["s3:locationconstraint"] = str(place["LocationConstraint"])
    tags = {key: value for one in tag_sets(found.call) for key, value in one.pairs}
    if tags:
        found.values["s3:RequestObjectTagKeys"] = tuple(tags)
        found.add_tags("s3:RequestObjectTag/", tags)
    if "/" in resource and "ObjectVersion" not in found.action:
        stored = moto_state.object_tags(world, resource)
        found.complete.add("s3:existingobjecttag/")
        found.add_tags("s3:ExistingObjectTag/", stored)


def _add_kms_keys(world: World, resource: str, found: RequestContext) -> None:
    """Source: AWS KMS Developer Guide, "AWS KMS condition keys"."""
    del resource
    found.values["kms:CallerAccount"] = world.account
    given = found.call.params.get("EncryptionContext")
    if found.action not in {"kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant"}:
        # these have contexts by other names, and constraints
        found.complete.add("kms:encryptioncontext")
    if isinstance(given, Mapping) and given:
        pairs = {str(key): str(value) for key, value in given.items()}
        found.values["kms:EncryptionContextKeys"] = tuple(pairs)
        found.add_tags("kms:EncryptionContext:", pairs)
    found.complete.add("kms:requestalias")
    if (name := str(found.call.params.get("KeyId", ""))).startswith("alias/"):
        found.values["kms:RequestAlias"] = name


def _add_dynamodb_keys(world: World, resource: str, found: RequestContext) -> None:
    """Source: Amazon DynamoDB Developer Guide, "Using IAM policy conditions"."""
    found.complete.add("dynamodb:enclosingoperation")
    if found.call.within in _TRANSACTIONS:
        found.values["dynamodb:EnclosingOperation"] = found.call.within
    keys = moto_state.leading_keys(world, found.call, resource)
    if keys is not None:
        found.values["dynamodb:LeadingKeys"] = keys


_TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems"})


def _add_ec2_keys(world: World, resource: str, found: RequestContext) -> None:
    del world, resource
    found.values["ec2:Region"] = found.call.region
    found.complete.add("ec2:createaction")
    if found.action == "ec2:CreateTags" and found.call.operation != "CreateTags":
        found.values["ec2:CreateAction"] = found.call.operation


_OF_SERVICE: Mapping[str, Callable[[World, str, RequestContext], None]] = {
    "dynamodb": _add_dynamodb_keys,
    "ec2": _add_ec2_keys,
    "iam": _add_iam_keys,
    "kms": _add_kms_keys,
    "s3": _add_s3_keys,
}
"""The functions that read the keys of one service."""


_BY_CREDENTIAL = (
    "aws:AssumedRoot",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalTag/",
    "aws:SignInSessionArn",
    "aws:SourceIdentity",
    "aws:TokenIssueTime",
    "aws:username",
)
_OF_SESSIONS = (
    "codebuild:BuildArn",
    "codebuild:ProjectArn",
    "ec2:RoleDelivery",
    "ec2:SourceInstanceArn",
    "glue:CredentialIssuingService",
    "glue:RoleAssumedBy",
    "identitystore:UserId",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceArn",
)
_OF_ENDPOINTS = (
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
)
_OF_ORGANIZATIONS = (
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgMasterAccountId",
    "aws:PrincipalOrgPaths",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
)
_OF_SERVICES = (
    "aws:CalledVia",
    "aws:CalledViaAWSMCP",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:IsMcpServiceAction",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:ViaAWSMCPService",
    "kms:ViaService",
    "lambda:EventSourceToken",
    "lambda:InvokedViaFunctionUrl",
)
_OF_FEDERATION = (
    "accounts.google.com:aud",
    "accounts.google.com:google/organization_number",
    "accounts.google.com:oaud",
    "accounts.google.com:sub",
    "cognito-identity.amazonaws.com:amr",
    "cognito-identity.amazonaws.com:aud",
    "cognito-identity.amazonaws.com:sub",
    "graph.facebook.com:app_id",
    "graph.facebook.com:id",
    "saml:aud",
    "saml:cn",
    "saml:commonName",
    "saml:doc",
    "saml:eduorghomepageuri",
    "saml:eduorgidentityauthnpolicyuri",
    "saml:eduorglegalname",
    "saml:eduorgsuperioruri",
    "saml:eduorgwhitepagesuri",
    "saml:edupersonaffiliation",
    "saml:edupersonassurance",
    "saml:edupersonentitlement",
    "saml:edupersonnickname",
    "saml:edupersonorgdn",
    "saml:edupersonorgunitdn",
    "saml:edupersonprimaryaffiliation",
    "saml:edupersonprimaryorgunitdn",
    "saml:edupersonprincipalname",
    "saml:edupersonscopedaffiliation",
    "saml:edupersontargetedid",
    "saml:givenName",
    "saml:iss",
    "saml:mail",
    "saml:name",
    "saml:namequalifier",
    "saml:organizationStatus",
    "saml:primaryGroupSID",
    "saml:sub",
    "saml:sub_type",
    "saml:surname",
    "saml:uid",
    "saml:x500UniqueIdentifier",
    "www.amazon.com:app_id",
    "www.amazon.com:user_id",
)
_OF_ACCESS_POINTS = (
    "s3:AccessGrantScope",
    "s3:AccessGrantsInstanceArn",
    "s3:AccessGrantsLocationScope",
    "s3:AccessPointNetworkOrigin",
    "s3:AccessPointTag/",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
)
_OF_SECURITY_KEYS = (
    "iam:FIDO-certification",
    "iam:FIDO-FIPS-140-2-certification",
    "iam:FIDO-FIPS-140-3-certification",
    "iam:RegisterSecurityKey",
)

ABSENT: Mapping[str, tuple[str, ...]] = {
    "the credential brings it or it is not there (`signin.context_of`)": _BY_CREDENTIAL,
    "AWS sets it for sessions that a service begins; there are none here": _OF_SESSIONS,
    "there is no VPC endpoint here": _OF_ENDPOINTS,
    "the account is in no organization here": _OF_ORGANIZATIONS,
    "no service calls the local AWS; what it asks by another's name is set": _OF_SERVICES,
    "nobody signs in through an identity provider here": _OF_FEDERATION,
    "access points and access grants are refused": _OF_ACCESS_POINTS,
    "no attestation is asked for; registering in the console sets the other": _OF_SECURITY_KEYS,
}
"""The reasons why a request to the local AWS lacks these keys, unless one is set."""

_KEYS = frozenset(key.lower() for keys in ABSENT.values() for key in keys)


def is_absent(key: str) -> bool:
    """Return whether a key, in lower case, is known to be absent if it is not set."""
    return key in _KEYS or f"{key.partition('/')[0]}/" in _KEYS


NO_ACCOUNT = (
    "ebs:",
    "ec2:AcceptTransitGatewayPeeringAttachment",
    "ec2:AcceptVpcEndpointConnections",
    "ec2:AcceptVpcPeeringConnection",
    "ec2:CopyImage",
    "ec2:CopySnapshot",
    "ec2:CreateTransitGatewayPeeringAttachment",
    "ec2:CreateVolume",
    "ec2:CreateVpcEndpoint",
    "ec2:CreateVpcPeeringConnection",
    "ec2:DeleteTransitGatewayPeeringAttachment",
    "ec2:DeleteVpcPeeringConnection",
    "ec2:RejectTransitGatewayPeeringAttachment",
    "ec2:RejectVpcEndpointConnections",
    "ec2:RejectVpcPeeringConnection",
    "es:AcceptInboundConnection",
    "events:PutEvents",
    "guardduty:AcceptAdministratorInvitation",
    "macie2:AcceptAdministratorInvitation",
    "route53:AssociateVPCWithHostedZone",
    "route53:CreateVPCAssociationAuthorization",
    "route53:DeleteVPCAssociationAuthorization",
    "route53:DisassociateVPCFromHostedZone",
    "route53:ListHostedZonesByVPC",
    "securityhub:AcceptAdministratorInvitation",
)
"""The prefixes of actions whose requests may lack `aws:ResourceAccount`, by AWS's page."""
