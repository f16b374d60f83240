"""Condition keys that no request to the local AWS has, one by one, each with the reason.

A key is taken to be absent only if it is listed here. Any other key that is not set is not known,
so that a Deny on it counts (`request_context`). A key that ends in `/` is followed by a tag's name.

Sources: IAM User Guide, "AWS global condition context keys", Availability of each key, and "IAM and
AWS STS condition context keys"; Service Authorization Reference, the services' condition keys.
"""

from collections.abc import Mapping

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
"""Why a request to the local AWS has none of these keys, unless one is set."""

_KEYS = frozenset(key.lower() for keys in ABSENT.values() for key in keys)


def is_absent(key: str) -> bool:
    """Tell whether a key, in lower case, is known to be absent where it is not set."""
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
"""How actions begin whose requests may lack `aws:ResourceAccount`, as AWS's page names them."""
