"""The forms that well-behaved clients send; what has another form is in `attacks/`.

Reads `localaws.wire.ambiguity` itself, because a form that is taken is seen from no answer.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.localaws.wire.ambiguity import AmbiguousRequest, CopySource, check_line, copy_source

KEYS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)


@given(KEYS, st.sampled_from([None, "null", "3sL4kqtJlcpXroDTDmJ_rmSpXd3dIbrHY"]))
def test_a_copy_source_has_one_way_to_be_written(key: str, version: str | None) -> None:
    source = CopySource("docs", key, version)
    assert copy_source(source.header) == source
    assert copy_source(source.header.removeprefix("/")) == source


@pytest.mark.parametrize(
    "text",
    [
        "docs",
        "docs/",
        "/docs/",
        "//docs/a",
        "/",
        "",
        "docs/a?",
        "docs/a?versionId",
        "docs/a?versionId=",
        "docs/a?versionId=1&versionId=2",
        "docs/a?x=1",
        "docs/a?versionid=1",
        "docs/a?versionId=1#f",
        "docs/a#f",
        "docs/a;b",
        "docs/a+b",
        "docs/a b",
        "docs/a%",
        "docs/%zz",
        "docs/%00",
        "docs/%ff",
        "docs/é",
        "s3://docs/a",
        "http://elsewhere/docs/a",
        "docs%2",
        "arn:aws:s3:us-east-1:111122223333:accesspoint/p/object/a",
        "arn%3Aaws%3As3%3Aus-east-1%3A111122223333%3Aaccesspoint%2Fp%2Fobject%2Fa",
        "/arn:aws:s3:::docs/a",
        "docs/a\\b",
        "..%2Fdocs/a",
        "do%63s/a",
    ],
)
def test_what_is_no_copy_source(text: str) -> None:
    with pytest.raises(AmbiguousRequest):
        copy_source(text)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/docs/a%2Fb//c%20d", "versionId=1&x-id=GetObject"),
        ("/docs/%E3%81%82", "list-type=2&prefix=a%2Bb"),
        ("/", ""),
        ("/docs", "X-Amz-Signature=0&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"),
    ],
)
def test_what_clients_send_is_taken(path: str, query: str) -> None:
    check_line(path, query, s3=True)


def test_long_lines_are_read_in_time_that_grows_with_their_length() -> None:
    for path, query in (
        ("/docs/" + "a/" * 30_000, ""),
        ("/docs", "a=1&" * 9_000),
        ("/docs/" + "%41" * 20_000, ""),
    ):
        started = time.process_time()
        check_line(path, query, s3=True)
        assert time.process_time() - started < 1
