"""A small JSON reader that keeps positions, reads comments, and names every fault.

The standard library's reader gives no positions, drops duplicate keys silently and ends in a
RecursionError on deep nesting. This one reads RFC 8259 JSON with two differences, both for texts
that people paste from how-tos: comments are read and handed back, and what can be skipped safely
(a trailing comma, a full-width space) is a fault that does not hide the faults after it.
"""

import re
from bisect import bisect_right
from typing import NoReturn

from sekisho.errors import Code, joined, quoted
from sekisho.messages import Message, verbatim
from sekisho.policy.document import Comment, Position
from sekisho.policy.nodes import (
    DEEPEST,
    BooleanNode,
    Collector,
    ListNode,
    Member,
    Node,
    NullNode,
    NumberNode,
    ObjectNode,
    ReadingStopped,
    TextNode,
)

MOST_CHARACTERS = 524_288
"""The longest text that is read.

IAM's API accepts 131,072 characters (`policyDocumentType` of the IAM API Reference), but AWS's own
managed policies are longer: `AWSSupportServiceRolePolicy` has 152,297 without white space, and
230,794 as the AWS CLI prints it. What a kind of policy may have is a `Quota`.
"""


def read(text: str, faults: Collector) -> tuple[Node, tuple[Comment, ...]]:
    """Read one JSON value from `text`, and the comments around it.

    Raises:
        Stop: if nothing can be made of the text; `faults` then says why.
    """
    reader = _Reader(text, faults)
    return reader.whole(), tuple(reader.comments)


_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_OUTSIDE = re.compile(r"[^\t\n\r\x20-\xff]")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_FOREIGN_SPACES = {
    "\ufeff": Message("a byte order mark"),
    "\u3000": Message("a full-width space"),
    "\u00a0": Message("a no-break space"),
    "\u200b": Message("a zero-width space"),
}
_FIXES = {
    "'": Message('put strings in `"`'),
    "\u201c": Message('put strings in straight quotes: `"`'),
    "\u201d": Message('put strings in straight quotes: `"`'),
    "True": Message("write `true`"),
    "False": Message("write `false`"),
    "None": Message("write a string"),
}


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str, faults: Collector) -> None:
        self.text = text
        self.at = 0
        self.faults = faults
        self.comments: list[Comment] = []
        self.path: list[str | int] = []
        self.lines = [0, *(found.end() for found in _NEWLINE.finditer(text))]

    def whole(self) -> Node:
        """Read the only value of the text."""
        if len(self.text) > MOST_CHARACTERS:
            message = Message("{count} characters; at most {most} are read").filled(
                count=len(self.text), most=MOST_CHARACTERS
            )
            self.faults.add(Code.POLICY_TOO_LONG, message)
            raise ReadingStopped
        self.blank()
        if self.at == len(self.text):
            self.stop(Message("the file is empty"))
        value = self.value()
        self.blank()
        if self.at < len(self.text):
            self.stop(Message("text after the end: {found}").filled(found=self.next_text()))
        return value

    def position(self, at: int | None = None) -> Position:
        """Return the line and column of an offset, by default of the next character."""
        offset = self.at if at is None else at
        line = bisect_right(self.lines, offset)
        return Position(line, offset - self.lines[line - 1] + 1)

    def fault(
        self, code: Code, message: Message, at: int | None = None, fix: Message | None = None
    ) -> None:
        """Record a fault after which reading can go on."""
        self.faults.add(code, message, joined(self.path), self.position(at), fix=fix)
        if self.faults.full:
            raise ReadingStopped

    def stop(self, message: Message, fix: Message | None = None) -> NoReturn:
        """Record a fault after which reading cannot go on."""
        self.fault(Code.POLICY_NOT_JSON, message, fix=fix)
        raise ReadingStopped

    def peek(self) -> str:
        """Return the next character, or "" at the end."""
        return self.text[self.at : self.at + 1]

    def next_text(self) -> Message:
        """Return the description of the next character, or of the end of the text."""
        if self.at >= len(self.text):
            return Message("the end of the text")
        word = _WORD.match(self.text, self.at)
        return verbatim(quoted(word[0] if word else self.text[self.at]))

    def blank(self) -> None:
        """Skip white space and comments."""
        while True:
            found = _BLANK.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if (name := _FOREIGN_SPACES.get(self.peek())) is not None:
                self.fault(
                    Code.POLICY_NOT_JSON,
                    Message("{character} is not white space in JSON").filled(character=name),
                    fix=Message("delete it"),
                )
                self.at += 1
            elif self.text.startswith(("//", "/*"), self.at):
                self.comment()
            else:
                return

    def comment(self) -> None:
        """Read a comment."""
        start = self.at
        if self.text.startswith("/*", start):
            end = self.text.find("*/", start + 2)
            if end < 0:
                self.stop(Message("a comment that is not closed"), Message("close it with `*/`"))
            self.at = end + 2
        else:
            found = _NEWLINE.search(self.text, start)
            self.at = found.start() if found else len(self.text)
        self.comments.append(Comment(self.text[start : self.at], self.position(start)))

    def value(self) -> Node:
        """Read one value."""
        if len(self.path) > DEEPEST:
            self.fault(
                Code.POLICY_TOO_DEEP, Message("nested deeper than {most}").filled(most=DEEPEST)
            )
            raise ReadingStopped
        position = self.position()
        first = self.peek()
        if first == "{":
            return self.object(position)
        if first == "[":
            return self.list(position)
        if first == '"':
            return TextNode(self.string(), position)
        if found := _NUMBER.match(self.text, self.at):
            self.at = found.end()
            return NumberNode(found[0], position)
        return self.literal(position)

    def literal(self, position: Position) -> Node:
        """Read `true`, `false` or `null`."""
        word = _WORD.match(self.text, self.at)
        name = word[0] if word else self.peek()
        if name not in ("true", "false", "null"):
            if not self.path and name not in _FIXES:
                self.stop(
                    Message("this is not JSON: it begins with {found}").filled(
                        found=self.next_text()
                    ),
                    Message("save the JSON alone, with its outer braces"),
                )
            self.stop(
                Message("expected a value, found {found}").filled(found=self.next_text()),
                _FIXES.get(name),
            )
        self.at += len(name)
        return NullNode(position) if name == "null" else BooleanNode(name == "true", position)

    def object(self, position: Position) -> ObjectNode:
        """Read an object."""
        members: dict[str, Member] = {}
        self.at += 1
        self.blank()
        while self.peek() != "}":
            if self.peek() != '"':
                self.stop(
                    Message("expected a key, found {found}").filled(found=self.next_text()),
                    _FIXES.get(self.peek()),
                )
            member = self.member()
            if (first := members.setdefault(member.key, member)) is not member:
                self.path.append(member.key)
                self.faults.add(
                    Code.POLICY_DUPLICATE_KEY,
                    Message("{key} is given twice (first on line {line})").filled(
                        key=quoted(member.key), line=first.position.line
                    ),
                    joined(self.path),
                    member.position,
                    fix=Message("join the two"),
                )
                self.path.pop()
            self.comma("}")
        self.at += 1
        return ObjectNode(tuple(members.values()), position)

    def member(self) -> Member:
        """Read a key, a colon and a value."""
        position = self.position()
        key = self.string()
        self.path.append(key)
        self.blank()
        if self.peek() != ":":
            self.stop(
                Message("expected `:` after the key, found {found}").filled(found=self.next_text())
            )
        self.at += 1
        self.blank()
        value = self.value()
        self.path.pop()
        return Member(key, value, position)

    def list(self, position: Position) -> ListNode:
        """Read a list."""
        items: list[Node] = []
        self.at += 1
        self.blank()
        while self.peek() != "]":
            self.path.append(len(items))
            items.append(self.value())
            self.path.pop()
            self.comma("]")
        self.at += 1
        return ListNode(tuple(items), position)

    def comma(self, closing: str) -> None:
        """Read past the comma between two entries, or up to the closing bracket."""
        self.blank()
        if self.peek() == closing:
            return
        if self.peek() == ",":
            comma = self.at
            self.at += 1
            self.blank()
            if self.peek() == closing:
                message = Message("a comma before `{closing}`").filled(closing=closing)
                self.fault(Code.POLICY_NOT_JSON, message, comma, Message("delete the comma"))
        elif self.peek() in ('"', "{", "[") and self.peek():
            self.fault(
                Code.POLICY_NOT_JSON,
                Message("a comma is missing before this"),
                fix=Message("add `,`"),
            )
        else:
            self.stop(
                Message("expected `,` or `{closing}`, found {found}").filled(
                    closing=closing, found=self.next_text()
                )
            )

    def string(self) -> str:
        """Read a string with its escapes."""
        start = self.at
        self.at += 1
        parts: list[str] = []
        while True:
            found = _PLAIN.match(self.text, self.at)
            plain = found[0] if found else ""
            self.foreign(plain)
            parts.append(plain)
            self.at += len(plain)
            after = self.peek()
            if after == '"':
                self.at += 1
                return self.paired("".join(parts), start)
            if not after:
                self.at = start
                self.stop(Message("a string that is not closed"), Message('close it with `"`'))
            if after == "\\":
                parts.append(self.escape())
            else:
                self.control(after, start)

    def control(self, character: str, start: int) -> None:
        """Record a raw control character in a string."""
        if character in "\r\n":
            self.at = start
            self.stop(
                Message("a string that runs over the end of its line"), Message('close it with `"`')
            )
        message = Message("the control character U+{code:04X} in a string").filled(
            code=ord(character)
        )
        self.fault(Code.POLICY_NOT_JSON, message, fix=Message("delete it"))
        self.at += 1

    def foreign(self, plain: str) -> None:
        """Record the first character that the IAM API does not accept in a document."""
        if found := _OUTSIDE.search(plain):
            code = ord(found[0])
            surrogate = 0xD800 <= code <= 0xDFFF  # noqa: PLR2004 - the surrogates of Unicode
            message = (
                Message("a policy cannot contain the lone surrogate U+{code:04X}")
                if surrogate
                else Message("a policy cannot contain the character U+{code:04X}")
            )
            self.fault(
                Code.POLICY_BAD_CHARACTER,
                message.filled(code=code),
                self.at + found.start(),
                Message("IAM accepts U+0020 to U+00FF, tab and line break"),
            )

    def escape(self) -> str:
        """Read one escape; the next character is the backslash."""
        name = self.text[self.at + 1 : self.at + 2]
        if (plain := _ESCAPES.get(name)) is not None:
            self.at += 2
            return plain
        digits = self.text[self.at + 2 : self.at + 6]
        if name == "u" and re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
            self.at += 6
            return chr(int(digits, 16))
        self.fault(
            Code.POLICY_NOT_JSON,
            Message("{escape} is not an escape in JSON").filled(escape=quoted(chr(92) + name)),
            fix=Message("write a backslash as `\\\\`"),
        )
        self.at += 1
        return "\\"

    def paired(self, value: str, start: int) -> str:
        """Join escaped surrogate pairs; record an unpaired surrogate, or a NUL."""
        joined_up = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        lone = value.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
        if "\x00" in value or lone != joined_up:
            message = Message("a NUL or a lone surrogate in a string")
            self.fault(Code.POLICY_BAD_VALUE, message, start, Message("delete it"))
        return joined_up
