"""The exemptions, omissions and lock-outs of a policy that demands MFA.

Every answer is the engine's on a real request. Conditions that no credential decides, such as on an
address, are assumed to hold in the Denies that demand MFA. A policy written for `${aws:username}`
omits users whose ARN has a path, and devices with other names than the user's.
"""

from collections.abc import Iterable, Iterator, Mapping

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.engine_queries import Asker, MfaState, relaxed
from sekisho.audit.lint.model import Attachment
from sekisho.audit.lint.statements import (
    Dependent,
    asked,
    let_through,
    listed,
    stand_ins,
)
from sekisho.audit.meaning import CredentialState, ObjectOwner
from sekisho.audit.meaning.credentials import (
    COLLEAGUE,
    NAME,
    ActionOnResource,
    credential_of,
    probes_of,
)
from sekisho.catalogue import Action, Catalogue
from sekisho.engine import DecisionEffect
from sekisho.errors import quoted
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Statement
from sekisho.signin import (
    AskPolicies,
    PermittedWithoutPolicy,
    SigninAssumptions,
    service_rule,
)

_EXEMPT: tuple[tuple[FindingId, tuple[tuple[str, str], ...]], ...] = (
    (FindingId.EXEMPT_DEACTIVATE, (("DeactivateMFADevice", "user"),)),
    (FindingId.EXEMPT_DELETE_DEVICE, (("DeleteVirtualMFADevice", "mfa"),)),
    (
        FindingId.EXEMPT_CREDENTIALS,
        (
            ("CreateLoginProfile", "user"),
            ("UpdateLoginProfile", "user"),
            ("CreateAccessKey", "user"),
            ("CreateServiceSpecificCredential", "user"),
            ("ResetServiceSpecificCredential", "user"),
            ("UploadSigningCertificate", "user"),
            ("UploadSSHPublicKey", "user"),
        ),
    ),
    (
        FindingId.EXEMPT_ESCALATION,
        (
            ("AttachUserPolicy", "user"),
            ("DetachUserPolicy", "user"),
            ("PutUserPolicy", "user"),
            ("DeleteUserPolicy", "user"),
            ("DeleteUserPermissionsBoundary", "user"),
            ("AddUserToGroup", "group"),
            ("RemoveUserFromGroup", "group"),
            ("AttachGroupPolicy", "group"),
            ("DetachGroupPolicy", "group"),
            ("PutGroupPolicy", "group"),
            ("CreatePolicyVersion", "policy"),
            ("SetDefaultPolicyVersion", "policy"),
        ),
    ),
)

_NOTHING = Message("no Deny depends on MFA")
_NO_ALLOW = Message("no statement allows anything")
_NOT_DENIED = Message("not denied without MFA")
_IN_VAIN = Message("exempt and not allowed")
_BY_KIND = Message("`iam:EnableMFADevice` is denied by {keys}")
_FIDO_KEYS = frozenset(
    {
        "iam:registersecuritykey",
        "iam:fido-certification",
        "iam:fido-fips-140-2-certification",
        "iam:fido-fips-140-3-certification",
    }
)
"""The condition keys that only the registration of a passkey or security key has.

Source: Service Authorization Reference, IAM, `EnableMFADevice`.
"""


class MfaDenies:
    """The Denies of a document that demand MFA, taken together.

    Args:
        document: an identity-based policy, a boundary, or a service control policy.
        dependents: its statements for which MFA makes a difference.
        asker: asks the engine.
        catalogue: the catalogue of AWS.
        attachment: the kind of document. A boundary is alone: nothing else can allow.
            Besides a service control policy that allows nothing there is another one that does.
    """

    def __init__(
        self,
        document: Document,
        dependents: Iterable[Dependent],
        asker: Asker,
        catalogue: Catalogue,
        attachment: Attachment = Attachment.USER,
    ) -> None:
        self._document = document
        self._attachment = attachment
        self._asker = asker
        self._catalogue = catalogue
        # they restrict the kind of device, not enrolment itself
        self._by_kind = [each for each in document.statements if _tells_kinds_apart(each)]
        aside = {each.index for each in self._by_kind}
        about_mfa = [each for each in dependents if each.statement.index not in aside]
        self._denies = [
            each.statement for each in about_mfa if each.statement.effect is Effect.DENY
        ]
        # without MFA, a boundary or SCP denies whatever it does not allow
        self._by_allow = attachment.ceiling and any(map(self._demands_mfa, about_mfa))
        enforcements = {each.index for each in self._denies}
        self._whole = tuple(
            relaxed(each) if each.index in enforcements else each
            for each in document.statements
            if each.index not in aside
        )
        self._iam = f"arn:{asker.home.partition}:iam::{asker.home.account}"
        self._stand_ins = stand_ins(asker.home, catalogue)
        self.states = tuple(
            state for state in (MfaState.KEY, MfaState.NO_MFA) if self._enforced_in(state)
        )
        """The states without MFA in which anything is denied that is not denied with it."""

    def _enforced_in(self, state: MfaState) -> bool:
        return any(
            self._asker.denied(self._whole, ask, state)
            and not self._asker.denied(self._whole, ask, MfaState.FRESH)
            for ask in self._stand_ins
        )

    def _open(self, ask: ActionOnResource) -> bool:
        """Return whether enforcement exempts a request in any of the states that it denies."""
        return any(not self._asker.denied(self._whole, ask, state) for state in self.states)

    @property
    def broad(self) -> bool:
        """Whether enforcement covers everything except exemptions, rather than a few actions."""
        first, second, *_ = self._stand_ins
        return bool(self.states) and not self._open(first) and not self._open(second)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings on MFA enforcement: exemptions, omissions and lock-outs."""
        yield from self._kinds()
        if not self._denies:
            if self._by_allow:
                yield from self._enrolment(broad=False)
            elif self._attachment is not Attachment.SCP:
                yield self._finding(FindingId.NO_ENFORCEMENT, _NOTHING, at_deny=False)
            return
        broad = self.broad
        open_ones = [ask.action for ask in self._stand_ins if not self.states or self._open(ask)]
        iam = broad and "iam:CreateUser" in open_ones
        if iam:
            yield self._finding(FindingId.IAM_EXEMPT, self._fact("CreateUser", "user/any"))
        elif open_ones:
            fact = listed(_NOT_DENIED, ", ".join(f"`{name}`" for name in open_ones))
            yield self._finding(FindingId.NOT_EVERYTHING_ENFORCED, fact)
        yield from self._enrolment(broad=broad)
        if not broad:
            return
        if not iam:
            yield from self._exempt()
            yield from self._never_allowed()
        yield from self._strangers()

    def _kinds(self) -> Iterator[Finding]:
        """Yield the findings on statements that distinguish passkeys from other devices."""
        for each in self._by_kind:
            place = place_in(self._document, each)
            yield found(FindingId.ENROLMENT_BY_KIND, place, _BY_KIND.filled(keys=_fido_keys(each)))

    def _exempt(self) -> Iterator[Finding]:
        things = {
            "user": f"user/{NAME}",
            "mfa": f"mfa/{NAME}",
            "group": "group/any",
            "policy": "policy/any",
        }
        for name, actions in _EXEMPT:
            exempt = [
                action
                for action, thing in actions
                if self._open(ActionOnResource(f"iam:{action}", f"{self._iam}:{things[thing]}"))
            ]
            if exempt:
                shown = ", ".join(f"`iam:{each}`" for each in exempt)
                yield self._finding(name, listed(_NOT_DENIED, shown))

    def _never_allowed(self) -> Iterator[Finding]:
        """Yield the finding on exempt actions that no statement allows, with or without MFA."""
        if not self._allows or self._attachment is Attachment.SCP:
            return
        named = {
            value.lower(): value
            for statement in self._denies
            if statement.action.negated
            for value in statement.action.values
            if not set("*?") & set(value)
        }
        idle = [value for value in named.values() if self._idle(value)]
        if idle:
            shown = ", ".join(quoted(value) for value in idle)
            yield self._finding(FindingId.EXEMPT_NEVER_ALLOWED, listed(_IN_VAIN, shown))

    def _idle(self, name: str) -> bool:
        action = self._catalogue.action(name)
        if action is None:
            return False
        for ask in self._asker.asks_of(action):
            if self._asker.allowed(self._whole, ask, MfaState.FRESH) or _permitted(
                ask, self._asker
            ):
                return False
        return True

    @property
    def _allows(self) -> bool:
        return any(each.effect is Effect.ALLOW for each in self._document.statements)

    def _enrolment(self, *, broad: bool) -> Iterator[Finding]:
        """Yield the findings on users without MFA who cannot set it up in the console."""
        enable = ActionOnResource("iam:EnableMFADevice", f"{self._iam}:user/{NAME}")
        create = ActionOnResource("iam:CreateVirtualMFADevice", f"{self._iam}:mfa/{NAME}")
        may = {
            ask: self._asker.effect(self._whole, ask, MfaState.NO_MFA) for ask in (enable, create)
        }
        if may[enable] is DecisionEffect.EXPLICITLY_DENIED:
            yield self._denied(FindingId.ENROLMENT_DENIED, enable)
            return
        if may[create] is DecisionEffect.EXPLICITLY_DENIED:
            yield self._denied(FindingId.VIRTUAL_DEVICE_DENIED, create)
        elif not self._allows and self._attachment is not Attachment.BOUNDARY:
            if self._attachment is not Attachment.SCP:
                yield self._finding(FindingId.DENY_ONLY, _NO_ALLOW, at_deny=False)
        elif self._locked_out(may, broad=broad):
            if may[enable] is DecisionEffect.ALLOWED:
                # a security key, a passkey or a hardware token is enrolled by this call alone
                fact = asked(create, MfaState.NO_MFA, may[create])
                yield self._finding(FindingId.VIRTUAL_DEVICE_NOT_ALLOWED, fact, at_deny=False)
            else:
                fact = asked(enable, MfaState.NO_MFA, may[enable])
                yield self._finding(FindingId.ENROLMENT_NOT_ALLOWED, fact, at_deny=False)
        if broad:
            yield from self._password()

    def _locked_out(self, may: Mapping[ActionOnResource, DecisionEffect], *, broad: bool) -> bool:
        """Return whether no statement allows enrolment, where MFA is needed."""
        denied = DecisionEffect.IMPLICITLY_DENIED in may.values()
        return denied and (broad or self._by_allow or self._all_need_mfa())

    def _demands_mfa(self, each: Dependent) -> bool:
        """Return whether a statement is an Allow that applies only with MFA."""
        loose, ask = relaxed(each.statement), each.asks[0]
        return (
            loose.effect is Effect.ALLOW
            and self._asker.applies(loose, ask, MfaState.FRESH)
            and not self._asker.applies(loose, ask, MfaState.NO_MFA)
        )

    def _all_need_mfa(self) -> bool:
        """Return whether nothing at all is allowed without MFA."""
        asks = self._stand_ins
        with_mfa = any(self._asker.allowed(self._whole, ask, MfaState.FRESH) for ask in asks)
        without = any(self._asker.allowed(self._whole, ask, MfaState.NO_MFA) for ask in asks)
        return with_mfa and not without

    def _password(self) -> Iterator[Finding]:
        own = f"user/{NAME}"
        change = ActionOnResource("iam:ChangePassword", f"{self._iam}:{own}")
        fact = self._fact("ChangePassword", own)
        effect = self._asker.effect(self._whole, change, MfaState.NO_MFA)
        if effect is DecisionEffect.EXPLICITLY_DENIED:
            yield self._denied(FindingId.FIRST_SIGN_IN, change)
        elif effect is DecisionEffect.ALLOWED or not (
            self._allows or self._attachment is Attachment.BOUNDARY
        ):
            yield self._finding(FindingId.PASSWORD_WITHOUT_MFA, fact)

    def _strangers(self) -> Iterator[Finding]:
        """Yield the findings on a stolen key's access to others' devices, or to a first device."""
        enable = ActionOnResource("iam:EnableMFADevice", f"{self._iam}:user/{COLLEAGUE}")
        if self._open(enable) and self._within_boundary(enable, self.states):
            fact = self._fact("EnableMFADevice", f"user/{COLLEAGUE}")
            allowed = any(self._asker.allowed(self._whole, enable, one) for one in self.states)
            # a boundary or a service control policy allows nothing by itself
            allowed = allowed and not self._attachment.ceiling
            name = FindingId.OTHERS_DEVICES if allowed else FindingId.OTHERS_WITHOUT_MFA
            yield self._finding(name, fact)
        own = ActionOnResource("iam:EnableMFADevice", f"{self._iam}:user/{NAME}")
        by_key = MfaState.KEY in self.states and self._within_boundary(own, (MfaState.KEY,))
        # a passkey is registered in a browser: a call with a key never has its context keys
        kinds = any(self._asker.applies(each, own, MfaState.KEY) for each in self._by_kind)
        if by_key and not kinds and not self._asker.denied(self._whole, own, MfaState.KEY):
            fact = let_through(self._whole, own, MfaState.KEY, self._asker)
            yield self._finding(FindingId.ENROLMENT_BY_KEY, fact)

    def _within_boundary(self, ask: ActionOnResource, states: Iterable[MfaState]) -> bool:
        """Return whether other policies can allow a request: a boundary must allow it, too."""
        return self._attachment is not Attachment.BOUNDARY or any(
            self._asker.allowed(self._whole, ask, one) for one in states
        )

    def _denied(self, name: FindingId, ask: ActionOnResource) -> Finding:
        """Return a finding at the statement that denies a request without MFA."""
        effect = self._asker.effect(self._whole, ask, MfaState.NO_MFA)
        cause = self._asker.cause(self._whole, ask, MfaState.NO_MFA)
        return found(name, place_in(self._document, cause), asked(ask, MfaState.NO_MFA, effect))

    def _fact(self, action: str, thing: str) -> Message:
        """Return the fact that an action is exempt, with a state without MFA that shows it."""
        ask = ActionOnResource(f"iam:{action}", f"{self._iam}:{thing}")
        states = (MfaState.NO_MFA, *self.states)
        state = next(
            (one for one in states if not self._asker.denied(self._whole, ask, one)), states[0]
        )
        return let_through(self._whole, ask, state, self._asker)

    def _finding(self, name: FindingId, fact: Message, *, at_deny: bool = True) -> Finding:
        """Return a finding at the widest Deny of MFA enforcement, or about the whole document."""
        widest = max(
            self._denies, key=lambda each: (each.action.negated, -each.index), default=None
        )
        return found(name, place_in(self._document, widest if at_deny else None), fact)


def _tells_kinds_apart(statement: Statement) -> bool:
    """Return whether a statement only denies the enrolment of some kind of device."""
    actions = statement.action
    return (
        statement.effect is Effect.DENY
        and not actions.negated
        and {value.lower() for value in actions.values} == {_ENABLE}
        and any(each.key.lower() in _FIDO_KEYS for each in statement.conditions)
    )


def _fido_keys(statement: Statement) -> str:
    keys = (each.key for each in statement.conditions if each.key.lower() in _FIDO_KEYS)
    return ", ".join(quoted(key) for key in keys)


def _permitted(ask: ActionOnResource, asker: Asker) -> bool:
    """Return whether a request needs no Allow: by the service's rule, or at the sign-in."""
    key = credential_of(CredentialState.KEY, asker.home)
    ruling = service_rule(key, ask.action, SigninAssumptions(), ask.resource)
    if isinstance(ruling, AskPolicies):
        return ruling.only_denies
    return isinstance(ruling, PermittedWithoutPolicy)


_MOST_ACTIONS = 12
_MOST_PATTERNS = 60
_CREATE = "iam:CreateVirtualMFADevice"
_ENABLE = "iam:enablemfadevice"
_NOT_WITH_PATH = Message("open to `user/hanako` and not to `user/staff/hanako`")


def own_checks(document: Document, asker: Asker, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield the finding on actions on users' own objects that only some users may do."""
    lost: list[str] = []
    where: Statement | None = None
    for action in _own_actions(document, catalogue):
        if asker.exhausted:
            return
        cause = _statement_against_paths(document, action, asker)
        if cause is not None:
            lost.append(str(action))
            where = cause if where is None else where
    if lost and where is not None:
        shown = ", ".join(f"`{name}`" for name in lost)
        fact = listed(_NOT_WITH_PATH, shown)
        yield found(FindingId.USER_PATH, place_in(document, where), fact)
    yield from _device_name(document, asker, catalogue)


def _own_actions(document: Document, catalogue: Catalogue) -> Iterator[Action]:
    """Yield the actions on users that the Allows name, preceded by enrolment."""
    named = {
        value.lower()
        for statement in document.statements
        if statement.effect is Effect.ALLOW and not statement.action.negated
        for value in statement.action.values
        if value.lower().startswith("iam:")
    } | {_ENABLE}
    found = {
        str(action): action
        for value in sorted(named)[:_MOST_PATTERNS]
        for action in catalogue.expand(value)
        if any(kind.name == "user" for kind in action.resource_types)
    }
    ordered = sorted(found, key=lambda name: (name.lower() != _ENABLE, name))
    yield from (found[name] for name in ordered[:_MOST_ACTIONS])


def _statement_against_paths(document: Document, action: Action, asker: Asker) -> Statement | None:
    """Return the statement that denies a user with a path what it allows one without."""
    by_target = {probe.target: probe.ask for probe in probes_of(action, asker.home)}
    own, with_path = by_target.get(ObjectOwner.OWN), by_target.get(ObjectOwner.OWN_WITH_PATH)
    if own is None or with_path is None:
        return None
    # the effect of a Deny on users with paths is visible at enrolment
    states = (
        (MfaState.FRESH, MfaState.NO_MFA) if str(action).lower() == _ENABLE else (MfaState.FRESH,)
    )
    for state in states:
        mine = asker.effect(document.statements, own, state)
        theirs = asker.effect(document.statements, with_path, state)
        if mine is DecisionEffect.EXPLICITLY_DENIED or theirs is mine:
            continue
        if mine is DecisionEffect.ALLOWED:
            return asker.cause(document.statements, own, state)
        if theirs is DecisionEffect.EXPLICITLY_DENIED:
            return asker.cause(document.statements, with_path, state)
    return None


def _device_name(document: Document, asker: Asker, catalogue: Catalogue) -> Iterator[Finding]:
    action = catalogue.action(_CREATE)
    if action is None:
        return
    by_target = {probe.target: probe.ask for probe in probes_of(action, asker.home)}
    named, other = by_target.get(ObjectOwner.OWN), by_target.get(ObjectOwner.OWN_OTHER_NAME)
    if named is None or other is None:
        return
    for state in (MfaState.NO_MFA, MfaState.FRESH):
        refused = asker.effect(document.statements, other, state)
        if refused is DecisionEffect.ALLOWED:
            continue
        if asker.allowed(document.statements, named, state):
            statement = asker.cause(document.statements, named, state)
            fact = asked(other, state, refused)
            yield found(FindingId.DEVICE_NAME, place_in(document, statement), fact)
            return
