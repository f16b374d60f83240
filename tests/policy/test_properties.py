"""Laws of reading and printing, over texts and over documents."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sekisho import policy
from sekisho.errors import FaultyPolicy
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    EmptyBlock,
    PolicyKind,
    Principal,
    PrincipalKey,
    Statement,
    Version,
)

plain = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
words = st.text("abcXYZ019", min_size=1, max_size=6)
actions = st.one_of(
    st.just("*"), st.builds("{}:{}".format, words, st.sampled_from(["*", "Get?", "X", " a b "]))
)
resources = st.one_of(st.just("*"), plain.map(lambda text: f"arn:{text}"))
keys = st.builds("aws:{}".format, words)


def elements(values):
    return st.builds(
        lambda found, negated, scalar: Element(
            tuple(found), negated=negated, scalar=scalar and len(found) == 1
        ),
        st.lists(values, max_size=3),
        st.booleans(),
        st.booleans(),
    )


@st.composite
def conditions(draw):
    """Conditions as JSON holds them: grouped by operator, no key twice under one."""
    found = []
    for operator in draw(
        st.lists(st.sampled_from(list(policy.OPERATORS.values())), max_size=3, unique=True)
    ):
        for key in draw(st.lists(keys, min_size=1, max_size=2, unique_by=str.lower)):
            values = tuple(draw(st.lists(plain, max_size=3)))
            scalar = len(values) == 1 and draw(st.booleans())
            found.append(Condition(operator, key, values, scalar))
    return tuple(found)


@st.composite
def empty_blocks(draw, used):
    """Parts of a condition without keys, under other names than its operators."""
    named = st.one_of(st.sampled_from(list(policy.OPERATORS)), words)
    names = draw(st.lists(named.filter(lambda name: name not in used), max_size=2, unique=True))
    alone = [""] if not used and not names and draw(st.booleans()) else []
    return tuple(EmptyBlock(name) for name in [*names, *alone])


principals = st.one_of(
    st.just(((PrincipalKey.ANYONE, ("*",)),)),
    st.lists(
        st.tuples(
            st.sampled_from([key for key in PrincipalKey if key is not PrincipalKey.ANYONE]),
            st.lists(words, max_size=2).map(tuple),
        ),
        max_size=3,
        unique_by=lambda entry: entry[0],
    ).map(tuple),
)


@st.composite
def documents(draw, kind):
    trust = kind is PolicyKind.TRUST
    sids = draw(st.lists(words, min_size=3, max_size=3, unique=True))
    tested = [draw(conditions()) for _ in sids]
    statements = tuple(
        Statement(
            index=index,
            effect=draw(st.sampled_from(Effect)),
            action=draw(elements(actions)),
            resource=None if trust else draw(elements(resources)),
            sid=draw(st.sampled_from([None, "", sid])),
            principal=Principal(draw(principals), draw(st.booleans())) if trust else None,
            conditions=tested[index],
            empty=draw(empty_blocks({str(each.operator) for each in tested[index]})),
        )
        for index, sid in enumerate(sids[: draw(st.integers(1, 3))])
    )
    version = draw(st.sampled_from([None, *Version]))
    return Document(statements, version, draw(st.none() | plain))


kinds_and_documents = st.sampled_from([PolicyKind.IDENTITY, PolicyKind.TRUST]).flatmap(
    lambda kind: st.tuples(st.just(kind), documents(kind))
)


def _spelled(document):
    """What equality leaves out and printing keeps."""
    return [
        (s.action.scalar, s.resource and s.resource.scalar, [c.scalar for c in s.conditions])
        for s in document.statements
    ]


@given(kinds_and_documents)
def test_parsing_what_is_printed_gives_it_back(pair):
    kind, document = pair
    again = policy.parse(policy.render(document), kind=kind)
    assert again == document
    assert _spelled(again) == _spelled(document)
    assert policy.from_json(policy.to_json(document), kind=kind) == document


@given(kinds_and_documents)
def test_printing_is_stable_and_takes_only_what_iam_takes(pair):
    kind, document = pair
    text = policy.render(document)
    assert policy.render(policy.parse(text, kind=kind)) == text
    assert all(c == "\n" or 0x20 <= ord(c) <= 0xFF for c in text)
    assert json.loads(text) == policy.to_json(document)


@given(kinds_and_documents)
def test_size_does_not_see_white_space_between(pair):
    _, document = pair
    value = policy.to_json(document)
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    spread = json.dumps(value, separators=(" ,\r\n", "\t: "), ensure_ascii=False, indent=7)
    assert policy.size(compact) == policy.size(spread) == len(compact)


comment = st.one_of(
    st.text(st.characters(exclude_characters="\r\n")).map(lambda text: f"//{text}\n"),
    st.text()
    .filter(lambda text: "*/" not in f"{text}*" and "*/" not in f"*{text}")
    .map(lambda text: f"/*{text}*/"),
)


@given(kinds_and_documents, st.data())
def test_comments_mean_nothing(pair, data):
    kind, document = pair
    pieces = json.dumps(policy.to_json(document), indent=0, ensure_ascii=True).split("\n")
    text = "".join(piece + data.draw(st.one_of(st.just("\n"), comment)) for piece in pieces)
    read = policy.parse(text, kind=kind)
    assert read == document
    stripped = text
    for found in read.comments:
        stripped = stripped.replace(found.text, " ", 1)
    assert policy.parse(stripped, kind=kind) == replace(document, comments=())


jsonish = st.recursive(
    st.one_of(
        st.text(max_size=5),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
        st.sampled_from(["Allow", "*", "iam:GetUser", "2012-10-17", "arn:aws:s3:::b"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    ["Version", "Statement", "Effect", "Action", "Resource", "Condition", "Sid"]
                ),
                st.sampled_from(["Bool", "Null", "Principal", "AWS", "NotAction"]),
                st.text(max_size=4),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
ODD = ("\\u", "d800", "//", "/*", "*/", "\n", "\x00", "\ufeff", "\u3000", "\ud800", "true", "null")
tokens = st.lists(
    st.sampled_from([*"{}[],:\"'\\1-e.x", *ODD, "Statement", "Effect"]), max_size=40
).map("".join)


def _read_or_refused(read, value):
    for kind in (PolicyKind.IDENTITY, PolicyKind.TRUST):
        faults = ()
        try:
            document = read(value, kind=kind)
        except FaultyPolicy as error:
            faults = error.faults
        if not faults:
            assert policy.parse(policy.render(document), kind=kind) == document
        assert len(faults) <= 100
        assert all(str(fault).isprintable() for fault in faults)


@given(st.one_of(st.text(), tokens))
def test_any_text_is_read_or_refused(text):
    _read_or_refused(policy.parse, text)


@given(jsonish)
def test_any_value_is_read_or_refused(value):
    _read_or_refused(policy.from_json, value)


def _judged(read, value):
    try:
        return read(value)
    except FaultyPolicy as error:
        return sorted((fault.code, fault.path) for fault in error.faults)


@given(jsonish)
def test_text_and_value_are_judged_alike(value):
    text = json.dumps(value)
    # JSON has no such numbers; only a decoded value can hold them
    if "NaN" not in text and "Infinity" not in text:
        assert _judged(policy.parse, text) == _judged(policy.from_json, json.loads(text))


@given(kinds_and_documents, st.data())
def test_a_damaged_document_is_read_or_refused(pair, data):
    _, document = pair
    text = policy.render(document)
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 3))
    damaged = text[:at] + data.draw(tokens) + text[at + length :]
    _read_or_refused(policy.parse, damaged)
