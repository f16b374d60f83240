"""Identity providers: which ARN a call is about, and that none is replaced by accident."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from recorded import made
from sekisho.localaws import LocalAws

PROVIDERS = f"arn:aws:iam::{people.ACCOUNT}"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture
def iam(aws: LocalAws) -> Any:
    return people.client(aws, "iam")


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("https://deploy.example.com", "made"),
        ("https://login.example.com", "AccessDenied"),
        ("https://login.example.com/tenant", "AccessDenied"),
        ("https://login.example.com?tenant=a", "AccessDenied"),
        ("https://deploy.example.com.evil.example", "AccessDenied"),
        ("https://[broken", "AccessDenied"),
    ],
)
def test_the_address_of_a_new_provider_is_its_arn(
    aws: LocalAws, iam: Any, url: str, outcome: str
) -> None:
    statements = [
        {"Effect": effect, "Action": "iam:CreateOpenIDConnectProvider", "Resource": resource}
        for effect, resource in (
            ("Allow", f"{PROVIDERS}:oidc-provider/*.example.com"),
            ("Allow", f"{PROVIDERS}:oidc-provider/*.example.com/*"),
            ("Deny", f"{PROVIDERS}:oidc-provider/login.*"),
        )
    ]
    written = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.delete_user_permissions_boundary(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="Own", PolicyDocument=written)
    own = people.client(aws, "iam", people.BOB_KEY)
    if outcome == "made":
        arn = own.create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
        assert arn == f"{PROVIDERS}:oidc-provider/deploy.example.com"
    else:
        assert refused(own.create_open_id_connect_provider, Url=url) == outcome
        assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_an_address_that_is_none_is_refused(iam: Any) -> None:
    assert refused(iam.create_open_id_connect_provider, Url="https://[broken") == "ValidationError"


def test_the_applications_of_a_provider(iam: Any) -> None:
    many = [f"app-{number}" for number in range(99)]
    arn = iam.create_open_id_connect_provider(Url="https://a.example.com", ClientIDList=many)[
        "OpenIDConnectProviderArn"
    ]
    by_arn = {"OpenIDConnectProviderArn": arn}
    add = iam.add_client_id_to_open_id_connect_provider
    for _ in range(2):
        add(**by_arn, ClientID="one-more")
    assert refused(add, **by_arn, ClientID="too-many") == "LimitExceeded"
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(**by_arn, ClientID="app-0")
    found = iam.get_open_id_connect_provider(**by_arn)["ClientIDList"]
    assert found == [*many[1:], "one-more"]
    missing = {"OpenIDConnectProviderArn": f"{arn}/x"}
    assert refused(add, **missing, ClientID="one-more") == "NoSuchEntity"


def test_a_saml_provider_is_not_replaced_by_a_second_of_its_name(iam: Any) -> None:
    given = {"Name": "Idp", "SAMLMetadataDocument": made("saml")}
    tags = [{"Key": "team", "Value": "login"}]
    arn = iam.create_saml_provider(**given, Tags=tags)["SAMLProviderArn"]
    first = iam.get_saml_provider(SAMLProviderArn=arn)
    assert refused(iam.create_saml_provider, **given) == "EntityAlreadyExists"
    private = {"SAMLProviderArn": arn, "AddPrivateKey": made("srv-key")}
    assert refused(iam.update_saml_provider, **private) == "NotImplemented"
    iam.update_saml_provider(SAMLProviderArn=arn, AssertionEncryptionMode="Required")
    second = iam.get_saml_provider(SAMLProviderArn=arn)
    for answer in (first, second):
        del answer["ResponseMetadata"]
    assert second == first | {"AssertionEncryptionMode": "Required"}
    assert second["Tags"] == tags
    iam.untag_saml_provider(SAMLProviderArn=arn, TagKeys=["Team", "team"])
    iam.delete_saml_provider(SAMLProviderArn=arn)
    iam.create_saml_provider(**given)
    assert iam.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == []
