"""What an object holds is read again if the answer breaks off in the middle."""

import pytest
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
