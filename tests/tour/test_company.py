"""The example company has everybody whom the rehearsal needs."""

import pytest

from sekisho.account import ResourceKind, ResourceRef
from sekisho.localaws import example_company
from sekisho.signin import check_password

COMPANY = example_company()
USERS = {user.name: user for user in COMPANY.users}
HELD = COMPANY.credentials


def test_it_is_about_a_dozen_users_in_three_groups():
    assert 10 <= len(USERS) <= 14
    assert len(COMPANY.groups) == 3
    assert {name for user in COMPANY.users for name in user.groups} == {
        group.name for group in COMPANY.groups
    }


def test_the_managed_policies_of_aws_are_attached_by_arn():
    attached = {arn for owner in (*COMPANY.users, *COMPANY.groups) for arn in owner.attached}
    for name in ("AdministratorAccess", "ReadOnlyAccess", "PowerUserAccess"):
        assert f"arn:aws:iam::aws:policy/{name}" in attached
    assert any(owner.inline for owner in COMPANY.users)
    assert any(owner.inline for owner in COMPANY.groups)


def test_the_people_of_the_rehearsal_are_there():
    assert [user.name for user in COMPANY.users if user.path != "/"] == ["sora.ito"]
    machines = [name for name, held in HELD.items() if held.password is None and held.keys]
    assert machines == ["deploy-bot"]
    assert HELD["yuki.tanaka"].devices
    assert USERS["yuki.tanaka"].groups == ("Administrators",)
    assert USERS["break-glass"].attached == ("arn:aws:iam::aws:policy/AdministratorAccess",)
    assert HELD["daiki.kobayashi"].reset_required
    (orphan,) = COMPANY.unassigned_devices
    assert orphan.serial.endswith(":mfa/aoi.watanabe")
    assert not HELD["aoi.watanabe"].devices
    assert HELD["mei.takahashi"].keys
    assert not HELD["mei.takahashi"].devices
    assert HELD["ken.suzuki"].keys
    assert HELD["ken.suzuki"].devices
    (role,) = COMPANY.roles
    assert (
        '"aws:MultiFactorAuthPresent": "true"'
        in (COMPANY.texts[ResourceRef(ResourceKind.TRUST_POLICY, role.name)])
    )


@pytest.mark.parametrize("name", sorted(HELD))
def test_passwords_meet_the_default_policy(name):
    password = HELD[name].password
    if password is not None:
        assert check_password(password, name, COMPANY.password_policy) is None


def test_all_secrets_are_marked_as_example():
    for name, held in HELD.items():
        assert held.password is None or held.password.startswith("Example-"), name
        for key in held.keys:
            assert key.id.endswith("EXAMPLE")
            assert COMPANY.secret_keys[key.id].startswith("example/")
            assert len(COMPANY.secret_keys[key.id]) == 40
    devices = [device for held in HELD.values() for device in held.devices]
    for device in (*devices, *COMPANY.unassigned_devices):
        assert COMPANY.seeds[device.serial].startswith("EXAMPLE")
        assert len(COMPANY.seeds[device.serial]) == 64
