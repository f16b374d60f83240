"""Identity providers: OpenID Connect and SAML. They are kept; nobody can sign in through one here.

Source: IAM API Reference, CreateOpenIDConnectProvider, CreateSAMLProvider and what belongs to
them; answers recorded from AWS (tests/data/aws-recorded).
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import OpenIDConnectProvider, SAMLProvider
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id

from sekisho.localaws.overlay.request import (
    already_exists,
    check_free,
    iam,
    limit_exceeded,
    not_built,
    now,
    page,
    text,
    validation,
)
from sekisho.localaws.overlay.tags import keep_tags, tags_with, tags_without
from sekisho.localaws.wire import Refusal
from sekisho.localaws.world import WORLD
from sekisho.policy import names

_MOST_CLIENT_IDS = 100
_UUID_LENGTH = 26


def create_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Create a provider; its ARN holds the address without the scheme."""
    world, url = WORLD.get(), text(self, "Url")
    tags = self._get_param("Tags", [])
    thumbprints, clients = (self._get_param(key, []) for key in ("ThumbprintList", "ClientIDList"))
    by_key = {tag["Key"]: tag for tag in tags}
    try:
        # it refuses what is no address, and too many thumbprints or client ids
        made = OpenIDConnectProvider(
            world.account, world.partition, url, thumbprints, clients, by_key
        )
    except ValueError:
        raise validation("Invalid Open ID Connect Provider URL") from None
    if made.arn in iam().open_id_providers:
        raise already_exists(f"Provider with url {url} already exists.")
    made.create_date = now()
    iam().open_id_providers[made.arn] = made
    shown = {"Tags": tags} if tags else {}
    return ActionResult({"OpenIDConnectProviderArn": made.arn, **shown})


def delete_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Delete a provider."""
    arn = text(self, "OpenIDConnectProviderArn")
    if iam().open_id_providers.pop(arn, None) is None:
        message = f"OpenId connect Provider {arn} cannot be found."
        raise Refusal("NoSuchEntity", message, 404)
    return EmptyResult()


def add_client_id_to_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Let one more application use a provider; once is enough."""
    provider, wanted = _open_id(self), text(self, "ClientID")
    if wanted in provider.client_id_list:
        return EmptyResult()
    if len(provider.client_id_list) >= _MOST_CLIENT_IDS:
        raise limit_exceeded(
            f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MOST_CLIENT_IDS}"
        )
    provider.client_id_list = [*provider.client_id_list, wanted]
    return EmptyResult()


def remove_client_id_from_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Let an application use a provider no longer; who is not listed stays so."""
    provider, gone = _open_id(self), text(self, "ClientID")
    provider.client_id_list = [each for each in provider.client_id_list if each != gone]
    return EmptyResult()


def tag_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Set tags of a provider."""
    provider = _open_id(self)
    given = {tag["Key"]: tag for tag in self._get_param("Tags", [])}
    if len(provider.tags | given) > names.MOST_TAGS:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    provider.tags = provider.tags | given
    return EmptyResult()


def untag_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Remove tags of a provider."""
    provider = _open_id(self)
    tags = tags_without(self, list(provider.tags.values()))
    provider.tags = {tag["Key"]: tag for tag in tags}
    return EmptyResult()


def list_open_id_connect_provider_tags(self: IamResponse) -> ActionResult:
    """List the tags of a provider."""
    tags, more = page(self, list(_open_id(self).tags.values()))
    return ActionResult({"Tags": tags, **more})


def _open_id(response: IamResponse) -> OpenIDConnectProvider:
    arn = text(response, "OpenIDConnectProviderArn")
    found = iam().open_id_providers.get(arn)
    if found is None:
        message = f"OpenIDConnect Provider not found for arn {arn}"
        raise Refusal("NoSuchEntity", message, 404)
    return found


class _SamlProvider(SAMLProvider):
    """A SAML provider with what moto does not keep."""

    def __init__(self, name: str, metadata: str) -> None:
        world = WORLD.get()
        super().__init__(world.account, world.partition, name, metadata)
        self.create_date = now()
        self.uuid = str(random_resource_id(_UUID_LENGTH)).upper()
        self.encryption_mode = "Allowed"


def create_saml_provider(self: IamResponse) -> ActionResult:
    """Create a provider; no name is used twice."""
    name = text(self, "Name")
    check_free("SAMLProvider", name, iam().saml_providers)
    made = _SamlProvider(name, "")
    _set_saml(self, made)
    iam().saml_providers[name] = made
    tags = self._get_param("Tags", [])
    keep_tags(made.arn, tags)
    shown = {"Tags": tags} if tags else {}
    return ActionResult({"SAMLProviderArn": made.arn, **shown})


def get_saml_provider(self: IamResponse) -> ActionResult:
    """Show a provider with its metadata."""
    found = _saml(self)
    return ActionResult(
        {
            "SAMLProviderUUID": found.uuid,
            "SAMLMetadataDocument": found.saml_metadata_document,
            "CreateDate": found.create_date,
            "ValidUntil": found.valid_until,
            "Tags": _tags(found),
            "AssertionEncryptionMode": found.encryption_mode,
            "PrivateKeyList": [],
        }
    )


def update_saml_provider(self: IamResponse) -> ActionResult:
    """Replace what is given of a provider."""
    found = _saml(self)
    _set_saml(self, found)
    return ActionResult({"SAMLProviderArn": found.arn})


def delete_saml_provider(self: IamResponse) -> ActionResult:
    """Delete a provider."""
    found = _saml(self)
    del iam().saml_providers[found.name]
    keep_tags(found.arn, [])
    return EmptyResult()


def tag_saml_provider(self: IamResponse) -> ActionResult:
    """Set tags of a provider."""
    found = _saml(self)
    keep_tags(found.arn, tags_with(self, _tags(found), "SAMLProvider"))
    return EmptyResult()


def untag_saml_provider(self: IamResponse) -> ActionResult:
    """Remove tags of a provider."""
    found = _saml(self)
    keep_tags(found.arn, tags_without(self, _tags(found)))
    return EmptyResult()


def list_saml_provider_tags(self: IamResponse) -> ActionResult:
    """List the tags of a provider."""
    tags, more = page(self, _tags(_saml(self)))
    return ActionResult({"Tags": tags, **more})


def _saml(response: IamResponse) -> _SamlProvider:
    arn = text(response, "SAMLProviderArn")
    for provider in iam().saml_providers.values():
        if isinstance(provider, _SamlProvider) and provider.arn == arn:
            return provider
    raise Refusal("NoSuchEntity", f"Manifest not found for arn {arn}", 404)


def _set_saml(response: IamResponse, provider: _SamlProvider) -> None:
    for name in ("AddPrivateKey", "RemovePrivateKey"):
        if text(response, name):
            raise not_built(f"{name} of a SAML provider")
    provider.saml_metadata_document = (
        text(response, "SAMLMetadataDocument") or provider.saml_metadata_document
    )
    mode = text(response, "AssertionEncryptionMode")
    provider.encryption_mode = mode or provider.encryption_mode


def _tags(provider: _SamlProvider) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = iam().tagger.list_tags_for_resource(provider.arn)["Tags"]
    return tags


OPERATIONS = (
    create_open_id_connect_provider,
    delete_open_id_connect_provider,
    add_client_id_to_open_id_connect_provider,
    remove_client_id_from_open_id_connect_provider,
    tag_open_id_connect_provider,
    untag_open_id_connect_provider,
    list_open_id_connect_provider_tags,
    create_saml_provider,
    get_saml_provider,
    update_saml_provider,
    delete_saml_provider,
    tag_saml_provider,
    untag_saml_provider,
    list_saml_provider_tags,
)
