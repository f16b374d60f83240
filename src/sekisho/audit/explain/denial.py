"""A pasted text cleaned of the effects of pasting, and the parts of an AccessDenied text.

Pasting adds line breaks, quotes, markup, other spaces. Every function reads each character a
bounded number of times; no regular expression can backtrack. An AccessDenied text names the caller,
the action, the resource, and the kind of policy.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

import html
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sekisho.lazy import dataclass
from sekisho.policy import PolicyKind

_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u300c\u300d\u300e\u300f\u00ab\u00bb\\")


def tidy(text: str) -> str:
    """Return the text with markup removed and full-width letters made plain ones."""
    return unicodedata.normalize("NFKC", html.unescape(text))


def letters(text: str) -> str:
    """Return the letters and digits of a tidy text, in lower case, to compare wordings."""
    return "".join(char for char in text.lower() if char.isalnum())


class Squeezed:
    """A tidy text without spaces and quotes that keeps the position of each character.

    A terminal breaks lines anywhere, also within an ARN; without spaces the pieces join again.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        shown = [
            (at, char)
            for at, char in enumerate(text)
            if not char.isspace() and char not in _QUOTES and unicodedata.category(char) != "Cf"
        ]
        self.places = [at for at, _ in shown]
        self.chars = "".join(char for _, char in shown)
        # lower() may turn one character into two, which would shift every later position
        self.lower = "".join(
            char.lower() if len(char.lower()) == 1 else char for char in self.chars
        )

    def find(self, mark: str, start: int = 0, end: int | None = None) -> int:
        """Return the position at which `mark` begins, or -1."""
        return self.lower.find(mark, start, end)

    def first(self, marks: Iterable[str], start: int) -> int:
        """Return the position of the first of `marks` at or after `start`, or the end."""
        found = (self.find(mark, start) for mark in marks)
        return min((at for at in found if at >= 0), default=len(self.chars))

    def word_from(self, start: int) -> str:
        """Return the run of characters from `start` up to the next space of the text."""
        end = start
        while end < len(self.places) and self.places[end] - self.places[start] == end - start:
            end += 1
        return self.chars[start:end]

    def word_before(self, end: int) -> str:
        """Return the run of characters that ends before `end`, back to the space before it."""
        start = end
        while start and (start == end or self.places[start] - self.places[start - 1] == 1):
            start -= 1
        return self.chars[start:end]


_PERFORM, _ON = "authorizedtoperform:", "onresource:"
_DENY, _NONE = "withanexplicitdeny", "becauseno"
_AFTER_RESOURCE = (_DENY, _NONE, "user:arn:", "<")
_KINDS = {kind.value.replace(" ", "").lower(): kind for kind in PolicyKind}
_LONGEST_NAME, _LONGEST_ARN, _ARN_COLONS = 128, 2048, 5
_ACTION_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-*")
_ROUND_A_WORD = "\"'`‘’“”「」()[].,:;。、"
_SECRET_LENGTH = 40
_SECRET_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=")


@dataclass(frozen=True, slots=True)
class AccessDeniedText:
    """One AccessDenied text, parsed. A part that it does not mention is "" or None.

    Attributes:
        user: the caller's ARN.
        action: like `iam:CreateVirtualMFADevice`.
        resource: an ARN, or `*`.
        explicit: True for an explicit deny, False where no policy allows, None if it is not said.
        kind: the one kind of policy that is named.
        policy: the policy's ARN, which newer texts name.
    """

    user: str = ""
    action: str = ""
    resource: str = ""
    explicit: bool | None = None
    kind: PolicyKind | None = None
    policy: str = ""

    @property
    def name(self) -> str:
        """The last part of the resource's ARN: the name of a user or device."""
        return _last(self.resource)

    @property
    def own(self) -> bool | None:
        """Whether the resource has the caller's name; None if the text does not show it."""
        if not (self.user and self.resource) or ":user/" not in self.user:
            return None
        return self.name == _last(self.user)


def _last(arn: str) -> str:
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def denials(text: str) -> Iterator[AccessDeniedText]:
    """Yield each denial in a tidy text, in order."""
    squeezed = Squeezed(text)
    starts = list(_starts(squeezed))
    for start, end in pairwise([*starts, len(squeezed.chars)]):
        yield _denial(squeezed, start, end)
    if not starts and (found := _short(squeezed)):
        yield found


def _starts(squeezed: Squeezed) -> Iterator[int]:
    at = squeezed.find(_PERFORM)
    while at >= 0:
        yield at
        at = squeezed.find(_PERFORM, at + 1)


def _denial(squeezed: Squeezed, start: int, end: int) -> AccessDeniedText:
    after = start + len(_PERFORM)
    on = squeezed.find(_ON, after, end)
    explicit, reason = _reason(squeezed, after, end)
    stop = on if on >= 0 else reason
    action = squeezed.chars[after:stop] if stop >= 0 else squeezed.word_from(after)
    resource = _resource(squeezed, on + len(_ON), reason) if on >= 0 else ""
    kind, policy = _kind(squeezed, reason, end)
    return AccessDeniedText(
        _user(squeezed, start), _action(action), resource, explicit, kind, policy
    )


def _short(squeezed: Squeezed) -> AccessDeniedText | None:
    """Read a text of which only the end was pasted."""
    end = len(squeezed.chars)
    explicit, reason = _reason(squeezed, 0, end)
    on = squeezed.find(_ON)
    action = _action(squeezed.word_before(on)) if on > 0 else _named_action(squeezed.text)
    if reason < 0 and not (action and (on > 0 or _refuses(squeezed))):
        return None
    resource = _resource(squeezed, on + len(_ON), reason) if on >= 0 else ""
    kind, policy = _kind(squeezed, reason, end)
    return AccessDeniedText("", action, resource, explicit, kind, policy)


def _refuses(squeezed: Squeezed) -> bool:
    marks = ("accessdenied", "explicitdeny", "notauthorized", "拒否", "権限")
    return any(squeezed.find(mark) >= 0 for mark in marks)


def _reason(squeezed: Squeezed, start: int, end: int) -> tuple[bool | None, int]:
    """Return whether the deny is explicit, and the position of that text (-1 if not stated)."""
    explicit, implicit = (squeezed.find(mark, start, end) for mark in (_DENY, _NONE))
    if explicit >= 0:
        return True, explicit
    return (False, implicit) if implicit >= 0 else (None, -1)


def _kind(squeezed: Squeezed, reason: int, end: int) -> tuple[PolicyKind | None, str]:
    """Return the kind of policy that the reason names, and the policy's ARN, if any."""
    if reason < 0:
        return None, ""
    found = ((squeezed.find(name, reason, end), name) for name in _KINDS)
    at, name = min(((at, name) for at, name in found if at >= 0), default=(-1, ""))
    if at < 0:
        return None, ""
    after = at + len(name)
    arn = squeezed.word_from(after + 1) if squeezed.lower.startswith(":arn:", after) else ""
    return _KINDS[name], _arn(arn)


def _user(squeezed: Squeezed, start: int) -> str:
    at = squeezed.lower.rfind("user:arn:", 0, start)
    end = start - len("isnot")
    found = at >= 0 and squeezed.lower.startswith("isnot", end)
    return _arn(squeezed.chars[at + len("user:") : end]) if found else ""


def _resource(squeezed: Squeezed, start: int, reason: int) -> str:
    if reason >= start:
        return _arn(squeezed.chars[start:reason])
    end = squeezed.first(_AFTER_RESOURCE, start)
    word = squeezed.word_from(start)
    return _arn(word[: max(0, end - start)])


def _arn(text: str) -> str:
    """Return an ARN that is safe to show, or "": a text that is no ARN may be a secret."""
    text = text.rstrip(".,;。、)")
    if text != "*" and not (text.lower().startswith("arn:") and text.count(":") >= _ARN_COLONS):
        return ""
    if len(text) > _LONGEST_ARN or not text.isprintable() or _holds_secret(text):
        return ""
    return text


def _holds_secret(text: str) -> bool:
    run = 0
    for char in text:
        run = run + 1 if char in _SECRET_CHARS else 0
        if run >= _SECRET_LENGTH:
            return True
    return False


def _action(text: str) -> str:
    """Return `service:Name` if the text is one, or ""."""
    text = text.strip(_ROUND_A_WORD)
    service, colon, name = text.partition(":")
    if not (colon and service and name) or not set(service + name) <= _ACTION_CHARS:
        return ""
    # long names of actions are words only
    secret = _holds_secret(name) and any(char.isdigit() for char in name)
    return "" if secret or len(text) > _LONGEST_NAME else text


def _named_action(text: str) -> str:
    """Return the first word of the text that can only be an action, like `iam:GetUser`."""
    for word in text.split():
        action = _action(word)
        if action and action.partition(":")[2][0].isupper():
            return action
    return ""
