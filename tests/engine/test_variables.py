"""What stands between `${` and `}`."""

import pytest

from sekisho.engine import AttachedPolicy, check_policies
from sekisho.engine.matching.variables import Malformed, read
from sekisho.errors import FaultyPolicy
from sekisho.policy import Document, Effect, Element, PolicyKind, Statement


def test_what_is_no_variable_is_named_by_its_beginning() -> None:
    assert list(read("a${b c}")) == ["a", Malformed("${b c}"), "b c}"]
    (malformed, *rest) = read("${" + " " * 60)
    assert malformed == Malformed("${" + " " * 38)
    assert rest == [" " * 60]


def test_what_is_repeated_in_one_text_is_one_fault() -> None:
    resource = Element(("arn:aws:s3:::" + "${" * 10_000, "arn:aws:s3:::${", "arn:aws:s3:::${"))
    document = Document((Statement(0, Effect.ALLOW, Element(("*",)), resource),))
    with pytest.raises(FaultyPolicy) as caught:
        check_policies(PolicyKind.IDENTITY, (AttachedPolicy("p", document),))
    # one for each ending of the long text, of which 40 characters are shown, and for each other
    assert len(caught.value.faults) == 20 + 2
