"""Each answer recorded from AWS is asked of the local AWS, over the wire."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel

import overlay_people as people
from cases import cases
from sekisho.localaws import LocalAws, overlay


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def given(aws: LocalAws, what: str, user: str) -> dict[str, str]:
    names = {"user": user, "account": people.ACCOUNT, "partition": "aws"}
    iam = people.client(aws, "iam")
    iam.create_user(UserName=user)
    if what == "nothing":
        return names
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-phone")["VirtualMFADevice"]
    if what == "enabled device":
        seed = made["Base32StringSeed"].decode()
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=made["SerialNumber"],
            AuthenticationCode1=people.code(aws, seed, -1),
            AuthenticationCode2=people.code(aws, seed),
        )
    else:
        assert what == "device"
    return names | {"serial": made["SerialNumber"], "device": f"{user}-phone"}


def filled(value: Any, names: dict[str, str]) -> Any:
    return value.format(**names) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "case",
    cases("overlay/recorded-mfa", ["given", "operation", "params"], ["error", "keys", "result"]),
)
def test_recorded_answer(aws: LocalAws, case: dict[str, Any]) -> None:
    names = given(aws, case["given"], case["id"])
    params = {key: filled(value, names) for key, value in case["params"].items()}
    call = getattr(people.client(aws, "iam"), xform_name(case["operation"]))
    if "error" in case:
        with pytest.raises(ClientError) as caught:
            call(**params)
        error = dict(caught.value.response["Error"])
        status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
        expected = {key: filled(value, names) for key, value in case["error"].items()}
        assert error | {"status": status} == expected
        return
    found = _entry(call(**params), names)
    assert sorted(found) == case["keys"]
    for key, value in case.get("result", {}).items():
        assert found[key] == filled(value, names)


def _entry(answer: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the one device in an answer that the case is about."""
    if "VirtualMFADevice" in answer:
        return dict(answer["VirtualMFADevice"])
    devices = answer.get("VirtualMFADevices") or answer["MFADevices"]
    return dict(next(each for each in devices if each["SerialNumber"] == names["serial"]))


def test_no_list_ever_shows_a_seed(aws: LocalAws) -> None:
    names = given(aws, "device", "seedless")
    iam = people.client(aws, "iam")
    shown = str(iam.list_virtual_mfa_devices()) + str(iam.get_account_authorization_details())
    seed = aws.world.devices[names["serial"]].seed
    assert seed not in shown
    assert "Base32StringSeed" not in shown
    assert seed not in repr(aws.world)


def test_every_operation_of_the_overlay_is_one_of_the_service() -> None:

    for service, subjects in overlay.SUBJECTS.items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"))
        known = {xform_name(name) for name in model.operation_names}
        for subject in subjects:
            assert {each.__name__ for each in subject.OPERATIONS} <= known
