"""What stands between `${` and `}`."""

from sekisho.engine.variables import Malformed, read


def test_what_is_no_variable_is_named_by_its_beginning() -> None:
    assert list(read("a${b c}")) == ["a", Malformed("${b c}"), *"b c}"]
    (malformed, *rest) = read("${" + " " * 60)
    assert malformed == Malformed("${" + " " * 38)
    assert rest == [" "] * 60
