"""Parameters are checked by the service models: these tests tell when a model outgrows that.

Reads the table and the checks of `localaws.overlay` themselves, to hold them to botocore's models.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from sekisho.localaws.overlay import installation
from sekisho.localaws.overlay.checks import pattern_of, self_service


def patterns() -> Iterator[Any]:
    for service in ("iam", "sts"):
        model = Loader().load_service_model(service, "service-2")
        found = {each["pattern"] for each in model["shapes"].values() if "pattern" in each}
        yield from (pytest.param(each, id=f"{service} {each}") for each in sorted(found))


@pytest.mark.parametrize("pattern", list(patterns()))
def test_every_pattern_of_the_models_can_be_read(pattern: str) -> None:
    assert pattern_of(pattern).fullmatch("\0") is None


@pytest.mark.parametrize("text", ["所属", "a b", "Team/Blue:1", "x_.=+-@"])
def test_tags_may_be_of_any_language(text: str) -> None:
    assert pattern_of(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+").fullmatch(text)


@pytest.mark.parametrize("text", ["所属", "naïve", "a b", "a\n", ""])
def test_names_are_ascii(text: str) -> None:
    assert pattern_of(r"[\w+=,.@-]+").fullmatch(text) is None


def test_who_is_implied_is_read_from_the_model() -> None:
    assert {"GetUser", "ListMFADevices", "DeactivateMFADevice", "CreateAccessKey"} <= self_service()
    assert "EnableMFADevice" not in self_service()
    assert "UpdateLoginProfile" not in self_service()


def test_every_operation_of_the_overlay_is_one_of_the_service() -> None:
    for service, subjects in installation.SUBJECTS.items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"))
        known = {xform_name(name) for name in model.operation_names}
        for subject in subjects:
            assert {each.__name__ for each in subject.OPERATIONS} <= known
