"""Twenty service control policies, of the kinds that organisations have, on five levels.

Most spare roles of an administration by `aws:PrincipalArn`, as AWS's examples do. Each level has
`FullAWSAccess` and four more: AWS lets no more than five be attached to one target.
"""

from typing import Any

from sekisho.engine import AttachedPolicy, Level
from sekisho.policy import Document, from_json

_OTHERS = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/org-admin-*"}}
_EITHER = {
    "ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/org-*", "arn:aws:iam::*:user/staff/*"]}
}
_GLOBAL = ["iam:*", "sts:*", "route53:*", "cloudfront:*", "support:*", "organizations:*"]
_INSTANCES = "arn:aws:ec2:*:*:instance/*"
_REGIONS = {"aws:RequestedRegion": ["ap-northeast-1", "us-east-1"]}

EVERYTHING: Document = from_json(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


def _deny(*actions: str, on: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Deny", "Action": [*actions], "Resource": on}
    return {**found, "Condition": condition} if condition else found


_STATEMENTS: tuple[dict[str, Any], ...] = (
    _deny("organizations:LeaveOrganization"),
    {
        "Effect": "Deny",
        "NotAction": _GLOBAL,
        "Resource": "*",
        "Condition": {"StringNotEquals": _REGIONS, **_OTHERS},
    },
    _deny("iam:*", on=["arn:aws:iam::*:role/org-*", "arn:aws:iam::*:policy/org-*"], **_OTHERS),
    _deny("cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", **_OTHERS),
    _deny("guardduty:Delete*", "guardduty:Disassociate*", "guardduty:Update*", **_OTHERS),
    _deny("config:Delete*", "config:Stop*", "config:Put*", **_EITHER),
    _deny("s3:PutAccountPublicAccessBlock", **_OTHERS),
    _deny("ec2:RunInstances", on=_INSTANCES, StringNotLike={"ec2:InstanceType": ["t3.*", "m7i.*"]}),
    _deny("*", StringLike={"aws:PrincipalArn": "arn:aws:iam::*:root"}),
    _deny("s3:PutObject", Null={"s3:x-amz-server-side-encryption": "true"}),
    _deny("ec2:CreateVolume", on="arn:aws:ec2:*:*:volume/*", Null={"aws:RequestTag/team": "true"}),
    _deny("ram:CreateResourceShare", Bool={"ram:RequestedAllowsExternalPrincipals": "true"}),
    _deny(
        "ec2:RunInstances", on=_INSTANCES, StringNotEquals={"ec2:MetadataHttpTokens": "required"}
    ),
    _deny("iam:CreateAccessKey", "iam:CreateUser", "iam:CreateLoginProfile", **_EITHER),
    _deny(
        "ec2:AttachInternetGateway",
        "ec2:CreateVpcPeeringConnection",
        "ec2:AcceptVpcPeeringConnection",
        **_OTHERS,
    ),
    _deny("kms:ScheduleKeyDeletion", "kms:DisableKey", **_EITHER),
    _deny("account:EnableRegion", "account:DisableRegion", **_OTHERS),
    _deny(
        "lambda:CreateFunctionUrlConfig", StringNotEquals={"lambda:FunctionUrlAuthType": "AWS_IAM"}
    ),
    _deny(
        "sts:AssumeRole",
        on="arn:aws:iam::*:role/*",
        StringNotEquals={"aws:PrincipalTag/team": "${aws:ResourceTag/team}"},
        StringEquals={"aws:PrincipalOrgID": "o-example"},
    ),
    _deny("aws-marketplace:*", "aws-portal:Modify*", **_EITHER),
)
"""One for each policy."""
_EACH = 4


def organisation() -> tuple[Level, ...]:
    """Return the policies, level by level."""
    attached = [_attached(f"scp-{number}", each) for number, each in enumerate(_STATEMENTS)]
    full = AttachedPolicy("FullAWSAccess", EVERYTHING)
    places = range(0, len(attached), _EACH)
    return tuple(Level(f"from {n}", (full, *attached[n : n + _EACH])) for n in places)


def _attached(name: str, statement: dict[str, Any]) -> AttachedPolicy:
    return AttachedPolicy(name, from_json({"Version": "2012-10-17", "Statement": [statement]}))
