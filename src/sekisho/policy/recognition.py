"""Recognises a Force_MFA by what it says, and tells the choices that it was written for."""

from collections.abc import Iterable

from sekisho.errors import FaultyPolicy
from sekisho.policy.document import Document, Effect, Element, Statement
from sekisho.policy.family import CONSOLE_ACTIONS, LONGEST_MFA_AGE, Choices, force_mfa


def choices_in(document: Document) -> Choices | None:
    """Return the choices whose Force_MFA a document is; None if it is none.

    Names, `Sid`s and the order of statements and values do not matter.
    """
    found = _likely_choices(document)
    try:
        written = force_mfa(found)
    except FaultyPolicy:
        return None
    return found if _content(written) == _content(document) else None


def _likely_choices(document: Document) -> Choices:
    """Return the only choices that can have made a document: each writes something of its own.

    A guess is enough. What a document says twice, or otherwise, is seen when the two are compared.
    """
    allowed: set[str] = set()
    exempt: set[str] = set()
    resources: list[str] = []
    for each in document.statements:
        if each.effect is Effect.ALLOW:
            allowed.update(each.action.values)
        elif each.action.negated:
            exempt.update(each.action.values)
        resources += each.resource.values if each.resource else ()
    conditions = [one for each in document.statements for one in each.conditions]
    values = {one.key: one.values for one in conditions}
    age = "".join(values.get("aws:MultiFactorAuthAge", ()))
    partition = next((text.split(":")[1] for text in resources if ":iam::" in text), "")
    # where signing in needs MFA, other clients are named too, but all of them
    denied = {
        text.partition(":oauth2/")[2] or text.rpartition(":")[2]
        for text in _denied_with_mfa(document)
    }
    return Choices(
        partition=partition,
        allow_what_is_exempt="iam:GetMFADevice" in allowed,
        user_paths=any("/*/" in text for text in resources),
        password_change_without_mfa="iam:ChangePassword" in exempt,
        own_things_only=any(
            each.resource and each.resource.negated for each in document.statements
        ),
        enrolment_needs_session="aws:TokenIssueTime" in values,
        console_sign_in_without_mfa=CONSOLE_ACTIONS[0] in exempt,
        deny_remote_login="public-client/remote" in denied,
        deny_agents="service-principal/*" in denied,
        via_aws_service="aws:ViaAWSService" in values,
        mfa_age=int(age) if age.isdecimal() and len(age) <= len(str(LONGEST_MFA_AGE)) else None,
        passwords="iam:ChangePassword" in allowed,
        access_keys="iam:CreateAccessKey" in allowed,
        signing_certificates="iam:UploadSigningCertificate" in allowed,
        ssh_keys="iam:UploadSSHPublicKey" in allowed,
        git_credentials="iam:CreateServiceSpecificCredential" in allowed,
        quiet_console="iam:GetLoginProfile" in exempt,
    )


def _denied_with_mfa(document: Document) -> Iterable[str]:
    """Yield the resources of each Deny without a condition: it denies with MFA, too."""
    for each in document.statements:
        if each.effect is Effect.DENY and each.resource and not each.conditions:
            yield from each.resource.values


def _content(document: Document) -> object:
    """Return what a document says, whatever it calls its statements and in whichever order."""
    return document.version, frozenset(map(_content_of, document.statements))


def _content_of(each: Statement) -> object:
    conditions = {(one.operator, one.key.lower(), frozenset(one.values)) for one in each.conditions}
    patterns = (_patterns(each.action, folded=True), _patterns(each.resource))
    return each.effect, *patterns, each.principal, frozenset(conditions), each.empty


def _patterns(element: Element | None, *, folded: bool = False) -> object:
    if element is None:
        return None
    values = (value.lower() if folded else value for value in element.values)
    return element.negated, frozenset(values)
