"""A small account for the authorizer's tests, and unmodified clients for its people."""

import json
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
from botocore.config import Config

from sekisho.account import AccountFile, load_account
from sekisho.localaws import LocalAws
from sekisho.signin import totp

ACCOUNT = "111122223333"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ENFORCEMENT = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA}

FIRST = [
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateLaunchConfiguration",
    "autoscaling:UpdateAutoScalingGroup",
    "datapipeline:*",
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "ec2:AssociateIamInstanceProfile",
    "ec2:AttachVolume",
    "ec2:CopySnapshot",
    "ec2:CreateFleet",
    "ec2:CreateVolume",
    "ec2:RunInstances",
    "ecs:RegisterTaskDefinition",
    "elasticbeanstalk:CreateEnvironment",
    "elasticfilesystem:CreateMountTarget",
    "elasticmapreduce:RunJobFlow",
    "events:PutRule",
    "kinesis:GetRecords",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "kms:ReEncryptFrom",
    "kms:ReplicateKey",
    "lambda:CreateFunction",
    "lambda:PublishLayerVersion",
    "lambda:UpdateFunctionConfiguration",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "rds:CreateDBInstance",
    "redshift:GetClusterCredentials",
    "route53:CreateHostedZone",
    "s3:AbortMultipartUpload",
    "s3:CreateBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectAttributes",
    "s3:GetObjectRetention",
    "s3:GetObjectVersion",
    "s3:ListMultipartUploadParts",
    "s3:PutBucketVersioning",
    "s3:PutObject",
    "s3:PutObjectRetention",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:CreateSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:ReplicateSecretToRegions",
    "secretsmanager:RotateSecret",
    "secretsmanager:UpdateSecret",
    "sns:Publish",
    "sns:SetSubscriptionAttributes",
    "sqs:CreateQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:SetQueueAttributes",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:PutParameter",
    "states:CreateStateMachine",
    "states:UpdateStateMachine",
    "sts:AssumeRole",
    "timestream:CreateDatabase",
]
"""Actions beside which AWS asks for others, none of which is among them."""


def _on_function(name: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "lambda:*",
        "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
    }


PEOPLE: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "admin": ("/", [ALL]),
    "enforced": ("/", [ALL, ENFORCEMENT]),
    "path": ("/dev/", [ALL]),
    "nobody": ("/", []),
    "reader": (
        "/",
        [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::docs/open/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::docs"},
            {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "iam:*",
                "Resource": "arn:aws:iam::*:user/${aws:username}",
            },
        ],
    ),
    "clerk": (
        "/",
        [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:PutItem", "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert"],
                "Resource": "arn:aws:dynamodb:*:*:table/people",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "NotResource": "arn:aws:ec2:*:*:instance/*",
            },
            {
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "Resource": "arn:aws:ec2:*:*:instance/*",
                "Condition": {
                    "StringEquals": {"aws:RequestTag/team": "ops", "ec2:InstanceType": "t3.micro"}
                },
            },
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:aws:ec2:*:*:instance/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            },
        ],
    ),
    "labeller": (
        "/",
        [
            ALL,
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestTag/env": "prod"}},
            },
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"s3:RequestObjectTag/env": "prod"}},
            },
        ],
    ),
    "maker": (
        "/",
        [
            {
                "Effect": "Allow",
                "Action": [
                    "acm:RequestCertificate",
                    "backup:CreateBackupVault",
                    "cloudwatch:PutMetricAlarm",
                    "codecommit:CreateRepository",
                    "dynamodb:CreateTable",
                    "ec2:CreateVolume",
                    "ec2:CreateVpc",
                    "ecr:CreateRepository",
                    "ecs:CreateCluster",
                    "ecs:RegisterTaskDefinition",
                    "eks:CreateCluster",
                    "elasticache:CreateUser",
                    "elasticfilesystem:CreateFileSystem",
                    "elasticloadbalancing:CreateLoadBalancer",
                    "elasticloadbalancing:CreateTargetGroup",
                    "elasticmapreduce:RunJobFlow",
                    "events:CreateEventBus",
                    "events:PutRule",
                    "firehose:CreateDeliveryStream",
                    "iam:CreateInstanceProfile",
                    "iam:CreatePolicy",
                    "iam:CreateRole",
                    "iam:CreateUser",
                    "iam:CreateVirtualMFADevice",
                    "iam:PassRole",
                    "kinesis:CreateStream",
                    "kms:CreateKey",
                    "lambda:CreateFunction",
                    "logs:CreateLogGroup",
                    "memorydb:CreateUser",
                    "networkmanager:CreateGlobalNetwork",
                    "rds:CreateDBInstance",
                    "s3:CreateBucket",
                    "s3:PutObject",
                    "sagemaker:CreateExperiment",
                    "secretsmanager:CreateSecret",
                    "sns:CreateTopic",
                    "sqs:CreateQueue",
                    "ssm:CreateDocument",
                    "ssm:PutParameter",
                    "states:CreateActivity",
                    "states:CreateStateMachine",
                    "wafv2:CreateIPSet",
                ],
                "Resource": "*",
            }
        ],
    ),
    "first": ("/", [{"Effect": "Allow", "Action": FIRST, "Resource": "*"}]),
    "replicator": (
        "/",
        [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:*", "kms:GenerateDataKey", "kms:Decrypt"],
                "Resource": "*",
            }
        ],
    ),
    "passer": (
        "/",
        [
            {"Effect": "Allow", "Action": [*FIRST, "iam:PassRole", "kms:Decrypt"], "Resource": "*"},
            {"Effect": "Deny", "Action": "ssm:GetParameters", "Resource": "*"},
        ],
    ),
    "writer": (
        "/",
        [
            {"Effect": "Allow", "Action": FIRST, "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": [
                    "ec2:RunInstances",
                    "s3:PutObjectRetention",
                    "secretsmanager:ReplicateSecretToRegions",
                ],
                "Resource": "*",
            },
        ],
    ),
    "analyst": ("/", [{"Effect": "Allow", "Action": "athena:*", "Resource": "*"}]),
    "whole": ("/", [_on_function("f")]),
    "version": ("/", [_on_function("f:1")]),
    "versions": ("/", [_on_function("f:*")]),
    "narrow": (
        "/",
        [
            {"Effect": "Allow", "Action": "rds:*", "Resource": "arn:aws:rds:*:*:db:mine"},
            {"Effect": "Allow", "Action": "redshift:*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "redshift:*",
                "Resource": "arn:aws:redshift:*:*:cluster:secret",
            },
        ],
    ),
}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_id(name: str) -> str:
    return f"AKIA{name.upper():X<9}EXAMPLE".replace("_", "X")


def secret(name: str) -> str:
    return f"example/secret/of/{name}".ljust(40, "x")


def account() -> AccountFile:
    return load_account(account_text())


def account_text() -> str:
    users = [
        {
            "UserName": name,
            "Path": path,
            "UserId": f"AIDAEXAMPLE{name.upper():X<10}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user{path}{name}",
            "CreateDate": "2024-01-01T00:00:00+00:00",
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": policy(*statements)}]
            if statements
            else [],
        }
        for name, (path, statements) in PEOPLE.items()
    ]
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    role = {
        "RoleName": "Ops",
        "Path": "/",
        "RoleId": "AROAEXAMPLEOPSXXXXXXX",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/Ops",
        "CreateDate": "2024-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": policy(trust),
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": policy(ALL)}],
    }
    held: dict[str, Any] = {
        name: {
            "accessKeys": [{"id": key_id(name), "secret": secret(name), "active": name != "path"}]
        }
        for name in PEOPLE
    }
    for name in ("admin", "enforced"):
        held[name]["devices"] = [{"name": name, "path": "/", "seed": SEED, "enabled": True}]
    return json.dumps(
        {
            "schema": "sekisho.account/1",
            "account": ACCOUNT,
            "partition": "aws",
            "alias": None,
            "authorizationDetails": {
                "UserDetailList": users,
                "GroupDetailList": [],
                "RoleDetailList": [role],
                "Policies": [],
            },
            "passwordPolicy": None,
            "credentials": {"users": held, "unassignedDevices": []},
        }
    )


def client(aws: LocalAws, service: str, who: str = "admin", **more: Any) -> Any:
    """Return an unmodified boto3 client that tries once."""
    keys = {"aws_access_key_id": key_id(who), "aws_secret_access_key": secret(who)} | more
    config = Config(retries={"total_max_attempts": 1}).merge(keys.pop("config", Config()))
    region = keys.pop("region_name", "us-east-1")
    return boto3.client(service, region_name=region, endpoint_url=aws.url, config=config, **keys)


_NUMBERS = count()


def caller(aws: LocalAws, service: str, *statements: dict[str, Any]) -> Any:
    """Return a client of a new user with these statements."""
    iam = client(aws, "iam")
    name = f"caller{next(_NUMBERS)}"
    iam.create_user(UserName=name)
    document = json.dumps(policy(*statements))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    return client(aws, service, **keys)


def session(answer: dict[str, Any]) -> dict[str, str]:
    """Return client keywords for credentials that STS gave."""
    given = answer["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def fresh_code(aws: LocalAws) -> str:
    """Move on to the next code, which nobody has used yet."""
    aws.clock.advance(timedelta(seconds=totp.PERIOD))
    return totp.code_at(SEED, totp.step_of(aws.clock.now()))
