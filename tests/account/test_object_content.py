"""Objects are read again if the answer breaks off; keys of a trail are asked for where it is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import IncompleteReadError

from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.errors import AwsRefused


class Body:
    """An answer that breaks off as often as it is told to."""

    def __init__(self, failures: list[int]) -> None:
        self._failures = failures

    def read(self) -> bytes:
        if self._failures[0]:
            self._failures[0] -= 1
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)
        return b"ok"


@pytest.mark.parametrize(("failures", "read"), [(0, True), (2, True), (3, False)])
def test_an_answer_that_breaks_off(
    monkeypatch: pytest.MonkeyPatch, failures: int, read: bool
) -> None:
    left = [failures]
    monkeypatch.setattr(Boto3Api, "call", lambda *given, **params: {"Body": Body(left)})
    api = connect(credentials=Keys("AKIDEXAMPLE", "secret"))
    if read:
        assert api.content("bucket", "key") == b"ok"
    else:
        with pytest.raises(AwsRefused) as caught:
            api.content("bucket", "key")
        assert caught.value.status == 0


def test_keys_are_those_of_the_region_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(client: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        asked.append((client.meta.region_name, operation, params.get("NextToken")))
        more = {} if "NextToken" in params else {"NextToken": "2"}
        number = str(len(asked))
        return {"PublicKeyList": [{"Fingerprint": number, "Value": number.encode()}], **more}

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    api = connect(credentials=Keys("AKIDEXAMPLE", "secret"))
    day = datetime(2026, 9, 2, tzinfo=UTC)
    assert api.trail_keys("eu-west-1", day, day) == {"1": b"1", "2": b"2"}
    assert asked == [
        ("eu-west-1", "ListPublicKeys", None),
        ("eu-west-1", "ListPublicKeys", "2"),
    ]
