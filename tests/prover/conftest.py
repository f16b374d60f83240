"""In these tests a prover that the engine contradicts is an error, and not just Unknown."""

from typing import NoReturn

import pytest

from sekisho.engine import Request
from sekisho.errors import InternalError
from sekisho.prover import Question
from sekisho.prover.questions import resource_policies
from sekisho.prover.search import listing, requests

USES = (requests, listing, resource_policies)


def contradicted(_: Question, request: Request) -> NoReturn:
    raise InternalError(f"the engine decides otherwise than the prover on {request}")


@pytest.fixture(autouse=True)
def _no_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in USES:
        monkeypatch.setattr(module, "contradiction", contradicted)
