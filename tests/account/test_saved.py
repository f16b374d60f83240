"""A snapshot's file: what is saved is what is loaded, and nothing else loads."""

import json
import os
import stat
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Device,
    Gap,
    Group,
    ManagedPolicy,
    Password,
    ResourceKind,
    ResourceRef,
    Role,
    RootUser,
    ServiceCredential,
    SigningCertificate,
    Snapshot,
    SshKey,
    User,
    dump_snapshot,
    load_snapshot,
    read_snapshot,
    save_snapshot,
)
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import Code, FaultyAccount, SekishoError
from sekisho.messages import Message
from sekisho.policy import PolicyKind, Preset, choices_of, force_mfa, from_json
from sekisho.signin import CharacterClass, ConsoleAuthorization, DeviceKind, PasswordPolicy

WHEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ENFORCEMENT = force_mfa(choices_of(Preset.RECOMMENDED))
TRUST = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
        ],
    },
    kind=PolicyKind.TRUST,
)

SIGNIN_POLICY = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": ["signin:Authenticate"],
                "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
            }
        ],
    },
    kind=PolicyKind.RESOURCE,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
zones = st.sampled_from([UTC, timezone(timedelta(hours=9))])
times = st.none() | st.datetimes(timezones=zones)
flags = st.booleans()
policies = st.builds(AttachedPolicy, texts, st.just(ENFORCEMENT))
devices = st.builds(Device, texts, st.sampled_from(DeviceKind), texts, times)


def several(items: st.SearchStrategy[Any], **about: Any) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=2, **about).map(tuple)


def named(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return several(items, unique_by=lambda item: item.name)


seconds = st.none() | st.integers(3_600, 7_776_000)
users = st.builds(
    User,
    name=texts,
    path=texts,
    arn=texts,
    id=texts,
    groups=several(texts),
    attached=several(texts),
    inline=several(policies),
    boundary=st.none() | texts,
    tags=st.dictionaries(texts, texts, max_size=2),
    password=st.none() | st.builds(Password, flags, times, times, seconds),
    devices=several(devices),
    keys=several(st.builds(AccessKey, texts, flags, times, times, texts)),
    created_at=times,
    service_credentials=several(st.builds(ServiceCredential, texts, texts, flags, times, times)),
    ssh_keys=several(st.builds(SshKey, texts, flags, times)),
    certificates=several(st.builds(SigningCertificate, texts, flags, times)),
)
password_policies = st.builds(
    PasswordPolicy,
    st.integers(6, 128),
    st.frozensets(st.sampled_from(CharacterClass)),
    flags,
    st.integers(0, 1095),
    st.integers(0, 24),
    flags,
)
maybe = st.none() | flags
rows = st.builds(
    CredentialRow,
    user=texts,
    arn=texts,
    created_at=times,
    password_enabled=maybe,
    password_last_used=times,
    mfa_active=maybe,
    keys_active=st.tuples(maybe, maybe),
    keys_rotated=st.tuples(times, times),
    keys_last_used=st.tuples(times, times),
    keys_last_service=st.tuples(texts, texts),
    certificates_active=st.tuples(maybe, maybe),
    additional=texts,
)
managed = st.builds(
    ManagedPolicy,
    texts,
    texts,
    texts,
    texts,
    st.just(ENFORCEMENT),
    flags,
    st.dictionaries(texts, texts, max_size=2),
    several(texts),
    texts,
)
snapshots = st.builds(
    Snapshot,
    account=texts,
    partition=texts,
    taken_at=st.datetimes(timezones=zones),
    users=named(users),
    groups=named(st.builds(Group, texts, texts, texts, several(texts), several(policies))),
    roles=named(
        st.builds(
            Role,
            texts,
            texts,
            texts,
            st.just(TRUST),
            several(texts),
            several(policies),
            st.none() | texts,
            seconds,
        )
    ),
    policies=several(managed).map(lambda found: {policy.arn: policy for policy in found}),
    unassigned_devices=several(devices),
    gaps=several(
        st.builds(
            Gap,
            texts,
            st.builds(ResourceRef, st.sampled_from(ResourceKind), texts, texts),
            st.builds(Message.both, texts, texts),
            texts,
        )
    ),
    alias=st.none() | texts,
    password_policy=st.none() | password_policies,
    summary=st.dictionaries(texts, st.integers(0, 10**6), max_size=3),
    root=st.builds(RootUser, maybe, maybe, maybe, maybe, several(texts)),
    report=st.none() | st.builds(CredentialReport, times, st.dictionaries(texts, rows, max_size=2)),
    scps=st.none() | several(st.builds(Level, texts, several(policies))),
    console_authorization=st.none() | st.sampled_from(ConsoleAuthorization),
    signin_policy=st.none() | st.just(SIGNIN_POLICY),
    caller=st.none() | texts,
)
SMALL = Snapshot(
    account="111122223333",
    partition="aws",
    taken_at=WHEN,
    users=(User("alice", "/", "arn:aws:iam::111122223333:user/alice", "AIDAALICE"),),
    groups=(),
    roles=(Role("Ops", "/", "arn:aws:iam::111122223333:role/Ops", TRUST),),
    policies={},
)


def plain(snapshot: Snapshot = SMALL) -> Any:
    return json.loads(dump_snapshot(snapshot))


@given(snapshots)
def test_what_is_saved_is_what_is_loaded(snapshot: Snapshot) -> None:
    text = dump_snapshot(snapshot)
    found = read_snapshot(json.loads(text), "snapshot")
    assert found == snapshot
    assert dump_snapshot(found) == text


def test_every_field_is_in_the_file() -> None:
    assert len(plain()) == len(fields(Snapshot)) + 1
    assert plain()["schema"] == "sekisho.snapshot/1"
    assert plain()["takenAt"] == "2026-11-24T09:00:00+00:00"
    assert plain()["users"][0]["sshKeys"] == []


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    save_snapshot(SMALL, path)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_snapshot(path) == SMALL
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]


def test_a_file_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(SekishoError, match="already exists") as caught:
        save_snapshot(SMALL, path)
    assert caught.value.code is Code.OUTPUT_UNWRITABLE
    assert path.read_text(encoding="utf-8") == "mine"
    save_snapshot(SMALL, path, replace=True)
    assert load_snapshot(path) == SMALL
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]


def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "snapshot.json"
    save_snapshot(SMALL, path)
    with pytest.raises(SekishoError, match="already exists"):
        save_snapshot(SMALL, path)
    assert load_snapshot(path) == SMALL
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SekishoError, match="cannot be written") as caught:
        save_snapshot(SMALL, tmp_path / "nowhere" / "snapshot.json")
    assert caught.value.code is Code.OUTPUT_UNWRITABLE


def test_every_key_must_be_there_and_no_other() -> None:
    for key in plain().keys() - {"caller"}:
        value = plain()
        del value[key]
        with pytest.raises(FaultyAccount) as caught:
            read_snapshot(value, "snapshot")
        assert len(caught.value.faults) == 1
    value = plain() | {"more": 1}
    with pytest.raises(FaultyAccount, match="`more` is not allowed"):
        read_snapshot(value, "snapshot")


def test_an_older_snapshot_does_not_know_of_console_authorization() -> None:
    user = replace(SMALL.users[0], password=Password(created_at=WHEN))
    snapshot = replace(SMALL, users=(user, replace(user, name="bob", password=None)))
    value = plain(snapshot)
    del value["consoleAuthorization"], value["signinPolicy"]
    del value["users"][0]["password"]["sessionSeconds"], value["roles"][0]["sessionSeconds"]
    found = read_snapshot(value, "snapshot")
    assert found.console_authorization is None
    assert {gap.operation for gap in found.gaps} == {
        "GetConsoleAuthorizationConfiguration",
        "GetResourcePolicy",
        "ListRoles",
    }
    assert replace(found, gaps=()) == snapshot
    # once it is saved anew it says itself that it does not know
    assert read_snapshot(plain(found), "snapshot") == found


def test_an_older_snapshot_does_not_say_who_read_the_account() -> None:
    value = plain(replace(SMALL, caller="arn:aws:iam::111122223333:user/alice"))
    del value["caller"]
    assert read_snapshot(value, "snapshot") == SMALL


def test_an_empty_text_is_no_time_and_never_means_never() -> None:
    key = AccessKey("AKIAIOSFODNN7EXAMPLE", True, WHEN, WHEN, "s3")
    value = plain(replace(SMALL, users=(replace(SMALL.users[0], keys=(key,)),)))
    value["takenAt"] = ""
    value["users"][0]["keys"][0]["lastUsed"] = ""
    with pytest.raises(FaultyAccount, match="must not be empty") as caught:
        read_snapshot(value, "snapshot")
    assert {each.path for each in caught.value.faults} == {"takenAt", "users[0].keys[0].lastUsed"}


def test_a_time_without_a_zone_is_refused() -> None:
    value = {**plain(SMALL), "takenAt": "2026-11-24T09:00:00"}
    with pytest.raises(FaultyAccount, match="takenAt: must have a time zone"):
        read_snapshot(value, "snapshot")


def test_all_faults_at_once_each_at_its_place() -> None:
    value = plain()
    value["takenAt"] = "yesterday"
    value["users"][0]["devices"] = [
        {"serial": "x", "kind": "phone", "user": None, "enabledAt": None}
    ]
    value["users"].append(value["users"][0])
    value["roles"][0]["trust"] = {"Statement": []}
    with pytest.raises(FaultyAccount) as caught:
        read_snapshot(value, "snapshot.json")
    places = {fault.path for fault in caught.value.faults}
    assert {"takenAt", "users[0].devices[0].kind", "users[0].devices[0].user"} <= places
    assert any(place.startswith("roles[0].trust") for place in places)


def test_a_name_twice_is_a_fault() -> None:
    value = plain(replace(SMALL, users=SMALL.users * 2))
    with pytest.raises(FaultyAccount, match=r"users\[1\]\.name: `alice` appears twice"):
        read_snapshot(value, "snapshot")


@pytest.mark.parametrize("schema", ["sekisho.snapshot/2", "sekisho.account/1", 7, None])
def test_another_form_is_one_clear_error(schema: object) -> None:
    value = plain() | {"schema": schema, "users": 3, "unknown": 4}
    with pytest.raises(FaultyAccount, match=r"sekisho\.snapshot/1") as caught:
        read_snapshot(value, "snapshot")
    assert len(caught.value.faults) == 1
    assert caught.value.fix.en


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside `value`."""
    members: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return [at for key, inner in members for at in ((*path, key), *places(inner, (*path, key)))]


FULL_TEXT = dump_snapshot(
    replace(
        SMALL,
        policies={"arn:p": ManagedPolicy("arn:p", "p", "/", "v1", ENFORCEMENT, versions=("v1",))},
        report=CredentialReport(WHEN, {"alice": CredentialRow("alice", "arn:alice")}),
        scps=(Level("r-1", (AttachedPolicy("p-1", ENFORCEMENT),)),),
        unassigned_devices=(Device("arn:aws:iam::111122223333:mfa/old", DeviceKind.VIRTUAL),),
    )
)


@given(st.data())
def test_a_value_of_another_kind_never_loads_as_another_account(data: st.DataObject) -> None:
    value = json.loads(FULL_TEXT)
    *path, last = data.draw(st.sampled_from(places(value)))
    place = value
    for step in path:
        place = place[step]
    place[last] = data.draw(st.sampled_from([None, True, 3, "x", [], {}, [None], {"x": None}]))
    found, told = None, []
    try:
        found = read_snapshot(value, "snapshot")
    except FaultyAccount as error:
        told = [str(fault) for fault in error.faults]
    assert not any("\n" in line for line in told)
    assert bool(told) is (found is None)
    if found is not None:
        # a policy is written in more than one way; all else is there as it was read
        assert read_snapshot(json.loads(dump_snapshot(found)), "snapshot") == found
