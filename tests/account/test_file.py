"""Account files: AWS's export loads, every fault is named at once, and no secret is shown."""

import contextlib
import copy
import json
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases, document
from sekisho.account import ResourceKind, ResourceRef, load_account, version_ref
from sekisho.errors import FaultyAccount

CORPUS = document("account/faulty")
SOUND = CORPUS["sound"]
SECRETS = ("TOPSECRET", "TOP SECRET", "Top-Secret", "top/secret")


def changed(changes):
    value = copy.deepcopy(SOUND)
    for path, new in changes:
        place = value
        for step in path[:-1]:
            place = place[step]
        if new == "DELETE":
            del place[path[-1]]
        else:
            place[path[-1]] = new
    return value


def load(value):
    return load_account(json.dumps(value))


def places(value, path=()):
    """Return the path of every value inside `value`."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in members:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def assert_no_secret(error):
    told = "".join(traceback.format_exception(error)) + repr(error.faults)
    assert not [secret for secret in SECRETS if secret in told]


def test_a_sound_file_loads():
    account = load(SOUND)
    alice, bob = account.users
    assert (account.account, account.partition, account.alias) == ("111122223333", "aws", "example")
    assert (alice.groups, alice.tags) == (("Team",), {"Department": "Sales"})
    assert (bob.path, bob.boundary) == ("/dev/", "arn:aws:iam::111122223333:policy/Own")
    assert bob.created_at == alice.created_at
    assert account.policies[0].versions == ("v2", "v1")
    assert account.policies[0].default_version == "v2"
    assert account.password_policy.minimum_length == 10
    held = account.credentials["alice"]
    assert (held.password, held.keys[0].active) == ("Top-Secret-Pass-1", True)
    assert held.devices[0].serial == "arn:aws:iam::111122223333:mfa/phone"
    assert [device.serial for device in account.unassigned_devices] == [
        "arn:aws:iam::111122223333:mfa/old-phone"
    ]


def test_secrets_show_in_no_repr():
    shown = repr(load(SOUND))
    assert "alice" in shown
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize("case", cases("account/faulty", ["set", "faults"]))
def test_every_fault_is_named(case):
    with pytest.raises(FaultyAccount) as caught:
        load(changed(case["set"]))
    found = [[str(fault.code), fault.path] for fault in caught.value.faults]
    assert sorted(found) == sorted(case["faults"])
    assert_no_secret(caught.value)
    assert "\n" not in "".join(str(fault) for fault in caught.value.faults)


def test_the_same_name_in_two_paths_and_all_faults_at_once():
    everything = [
        change
        for case in CORPUS["cases"]
        if case["id"] in ("date", "key-id")
        for change in case["set"]
    ]
    with pytest.raises(FaultyAccount) as caught:
        load(changed(everything))
    assert len(caught.value.faults) == 2


def test_a_bare_export_loads_and_nobody_holds_anything():
    export = SOUND["authorizationDetails"]
    account, whole = load(export), load(SOUND)
    assert (account.account, account.partition) == ("111122223333", "aws")
    assert (account.users, account.roles, account.policies) == (
        whole.users,
        whole.roles,
        whole.policies,
    )
    assert (account.texts, account.metadata) == (whole.texts, whole.metadata)
    assert not account.credentials
    assert account.password_policy is None


def test_faults_of_a_bare_export_have_its_own_paths():
    export = changed([[["authorizationDetails", "UserDetailList", 0, "GroupList"], ["Ghosts"]]])
    with pytest.raises(FaultyAccount) as caught:
        load(export["authorizationDetails"])
    assert [fault.path for fault in caught.value.faults] == ["UserDetailList[0].GroupList[0]"]


def test_an_export_without_any_arn_is_refused():
    with pytest.raises(FaultyAccount, match="no ARN"):
        load({"UserDetailList": [], "GroupDetailList": []})


def test_other_partitions_are_data():
    text = json.dumps(SOUND["authorizationDetails"]).replace("arn:aws:", "arn:aws-cn:")
    assert load_account(text).partition == "aws-cn"


def test_documents_may_be_as_on_the_wire():
    path = ["authorizationDetails", "Policies", 0, "PolicyVersionList", 0, "Document"]
    written = SOUND["authorizationDetails"]["Policies"][0]["PolicyVersionList"][0]["Document"]
    own = ResourceRef(ResourceKind.MANAGED_POLICY, load(SOUND).policies[0].arn)
    plain = load(SOUND).texts[own]
    text = json.dumps(written)
    for form in (text, quote(text, safe="")):
        found = load(changed([[path, form]]))
        assert found.texts[own] == text
        assert found.policies == load(SOUND).policies
    assert json.loads(plain) == written


def test_a_policy_of_aws_may_be_longer_than_ours_can_be():
    # AWSSupportServiceRolePolicy, which every account has, is: 152,297 characters
    long = {"Effect": "Allow", "Action": [f"s3:Get{n}" for n in range(20_000)], "Resource": "*"}
    path = ["authorizationDetails", "Policies", 0, "PolicyVersionList", 1, "Document", "Statement"]
    account = load(changed([[path, [long]]]))
    policy = account.policies[0]
    about = version_ref(policy.arn, policy.versions[1], policy.default_version)
    assert len(account.texts[about]) > 131_072


@given(st.data())
def test_a_truncated_file_is_one_clear_error(data):
    text = json.dumps(SOUND, indent=2)
    cut = data.draw(st.integers(1, len(text) - 1))
    with pytest.raises(FaultyAccount) as caught:
        load_account(text[:cut])
    (fault,) = caught.value.faults
    assert fault.code == "account.not-json"
    assert_no_secret(caught.value)


CONTAINERS = st.sampled_from([[], {}, [{}], {"a": [1]}])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)


@given(path=st.sampled_from(sorted(places(SOUND), key=str)), new=SCALARS | CONTAINERS)
def test_any_value_anywhere_loads_or_is_a_fault(path, new):
    value = changed([[list(path), new]])
    with contextlib.suppress(FaultyAccount):
        assert load(value).account == "111122223333"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema": "a", "schema": "b"}', "`schema` appears twice"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "must be an object, not a list"),
        ('"text"', "must be an object, not a string"),
        ("", "cut off"),
        ('{"schema": ' + "9" * 5000 + "}", "too many digits"),
        ('{"schema": "\\ud800"}', "half a character"),
        ("{} {}", "is not JSON"),
    ],
)
def test_text_that_is_no_account(text, says):
    with pytest.raises(FaultyAccount) as caught:
        load_account(text)
    assert any(says in str(fault) for fault in caught.value.faults)


def test_files(tmp_path):
    file = tmp_path / "account.json"
    file.write_text(json.dumps(SOUND), encoding="utf-8-sig")
    assert load_account(file) == load_account(str(file)) == load(SOUND)
    file.write_text(json.dumps(SOUND), encoding="utf-16")
    with pytest.raises(FaultyAccount, match="not UTF-8"):
        load_account(file)
    for missing in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FaultyAccount, match="cannot be read") as caught:
            load_account(missing)
        assert caught.value.code == "file.unreadable"
