"""What others did between our looks: not taken for the plan's, thrown out, or passed over."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, enrol, iam_of, signed_in
from rollout.staging import ADMIN, ENFORCEMENT, Killed, Killing, company, one_of_each
from rollout.test_laws import made
from rollout.test_password_ownership import ADDRESS, OURS, Stage
from sekisho.account import AwsApi, collect
from sekisho.errors import Code, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.rollout import (
    ChangeStatus,
    Event,
    Journal,
    Plan,
    PlanFile,
    PlanningContext,
    delete_unassigned_devices,
    execute,
    plan_status,
    reset,
    retried,
    roll_back,
    settle_passwords,
)

Answer = Mapping[str, Any]
PHONE = f"arn:aws:iam::{ACCOUNT}:mfa/hanako"


class Between:
    """An `AwsApi` in which something happens as one operation is called, the first time."""

    def __init__(self, api: AwsApi, operation: str, happens: Callable[[AwsApi, Answer], Answer]):
        self._api = api
        self._operation = operation
        self._happens = happens
        self._done = False

    def call(self, service: str, operation: str, /, **params: object) -> Answer:
        if operation != self._operation or self._done:
            return self._api.call(service, operation, **params)
        self._done = True
        return self._happens(self._api, params)

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Answer]:
        return self._api.pages(service, operation, key, **params)


class Lost:
    """hanako has lost her phone: an account with her, and the plan to reset her."""

    def __init__(self, local: LocalAws, folder: Path) -> None:
        self.local = local
        self.path = folder / "journal"
        iam = iam_of(local)
        iam.create_login_profile(UserName="hanako", Password="Old-2026-password-x")
        enrol(local, "hanako", "hanako")
        self.plan = reset(
            PlanningContext(collect(self.api, now=self.now), ADMIN, ("glass",)), "hanako"
        )
        assert self.plan.applicable

    @property
    def api(self) -> AwsApi:
        return signed_in(self.local, "admin", mfa=True)

    @property
    def now(self) -> datetime:
        return self.local.clock.now()

    def apply(self, api: AwsApi | None = None) -> bool:
        return applied(self.plan, api or self.api, self.path, self.now)

    def enrols_anew(self) -> None:
        iam = iam_of(self.local)
        iam.deactivate_mfa_device(UserName="hanako", SerialNumber=PHONE)
        iam.delete_virtual_mfa_device(SerialNumber=PHONE)
        self.local.clock.advance(timedelta(hours=1))
        enrol(self.local, "hanako", "hanako")

    def devices(self) -> int:
        return len(iam_of(self.local).list_mfa_devices(UserName="hanako")["MFADevices"])


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Lost]:
    with company() as local:
        yield Lost(local, tmp_path)


def applied(plan: Plan, api: AwsApi, path: Path, now: datetime) -> bool:
    return execute(plan, api, Journal(path), passwords=lambda user: OURS, now=lambda: now).complete


def test_what_a_plan_had_found_as_wanted_is_no_longer_so(tmp_path: Path) -> None:
    with company() as local:
        api, now = signed_in(local, "admin", mfa=True), local.clock.now()
        assert applied(made(api, one_of_each(), now), api, tmp_path / "first", now)
        wanted = replace(one_of_each(), new_users=(), users=("machine",))
        plan_file = PlanFile(made(api, wanted, now), Journal(tmp_path / "second"))
        assert applied(plan_file.plan, api, plan_file.journal.path, now)
        assert {fact.status for fact in plan_status(plan_file, api).facts} == {ChangeStatus.DONE}
        api.call("iam", "DetachGroupPolicy", GroupName="Enforced", PolicyArn=ENFORCEMENT)
        assert plan_status(plan_file, api).addresses(ChangeStatus.DRIFTED) == (
            f"group-attachment Enforced {ENFORCEMENT}",
        )


def _plan_of_taro(local: LocalAws) -> Plan:
    return made(signed_in(local, "admin", mfa=True), one_of_each(), local.clock.now())


def test_a_password_that_was_set_just_before_our_call_is_in_doubt(tmp_path: Path) -> None:
    with company() as local:
        stage = Stage(local, tmp_path, _plan_of_taro(local))
        stage.die(after=False)

        def colleague_is_first(api: AwsApi, params: Answer) -> Answer:
            stage.colleague_sets_a_password()
            return api.call("iam", "CreateLoginProfile", **params)

        api = Between(stage.api, "CreateLoginProfile", colleague_is_first)
        with pytest.raises(PlanRefused) as refused:
            retried(
                lambda: execute(
                    stage.plan,
                    api,
                    stage.journal,
                    passwords=lambda user: OURS,
                    now=lambda: stage.now,
                ),
                lambda seconds: None,
                lambda stop: None,
            )
        assert (refused.value.code, refused.value.at) == (Code.PLAN_DOUBTFUL, ADDRESS)


def test_what_a_rollback_left_is_not_done_once_more(lost: Lost) -> None:
    assert lost.apply()
    assert len(roll_back(lost.plan, Journal(lost.path), lost.api, now=lambda: lost.now).left) == 4
    enrol(lost.local, "hanako", "hanako")
    standing = plan_status(PlanFile(lost.plan, Journal(lost.path)), lost.api)
    assert standing.addresses(ChangeStatus.WAITS) == ()
    assert f"device hanako {PHONE}" in standing.addresses(ChangeStatus.DRIFTED)
    with pytest.raises(PlanRefused, match="has changed"):
        lost.apply()
    assert lost.devices() == 1


def test_a_phone_enrolled_since_is_not_the_lost_one(lost: Lost) -> None:
    lost.enrols_anew()
    with pytest.raises(PlanRefused, match=f"device hanako {PHONE}"):
        lost.apply()
    assert lost.devices() == 1


def test_a_device_that_somebody_has_enabled_is_no_orphan(tmp_path: Path) -> None:
    with company() as local:
        iam = iam_of(local)
        for name in ("aaa", "zzz"):
            iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
        api, now = signed_in(local, "admin", mfa=True), local.clock.now()
        snapshot = collect(api, now=now)
        plan = delete_unassigned_devices(
            PlanningContext(snapshot, ADMIN), snapshot.unassigned_devices
        )
        serial = f"arn:aws:iam::{ACCOUNT}:mfa/aaa"
        iam.delete_virtual_mfa_device(SerialNumber=serial)
        enrol(local, "hanako", "aaa")
        with pytest.raises(PlanRefused, match=f"virtual-device {serial}"):
            applied(plan, api, tmp_path / "journal", now)


def test_a_password_that_is_gone_is_in_doubt_no_more(lost: Lost) -> None:
    with pytest.raises(Killed):
        lost.apply(Killing(lost.api, 0, after=False))
    iam_of(lost.local).delete_login_profile(UserName="hanako")
    left = roll_back(lost.plan, Journal(lost.path), lost.api, now=lambda: lost.now).left
    assert [each.address for each in left] == ["password hanako"]
    assert "--ours" not in left[0].reason.en


def test_nobody_says_whose_it_is_for_another_account(tmp_path: Path) -> None:
    def elsewhere(api: AwsApi, params: Answer) -> Answer:
        found = api.call("sts", "GetCallerIdentity", **params)
        other = "999999999999"
        return {**found, "Account": other, "Arn": found["Arn"].replace(ACCOUNT, other)}

    with company() as local:
        stage = Stage(local, tmp_path, _plan_of_taro(local))
        stage.die(after=True)
        plan_file = PlanFile(stage.plan, stage.journal)
        with pytest.raises(PlanRefused, match="999999999999"):
            settle_passwords(
                plan_file,
                (),
                ("taro",),
                Between(stage.api, "GetCallerIdentity", elsewhere),
                stage.now,
            )
        plan_file.journal.open(stage.plan.digest)
        assert plan_file.journal.last_event(ADDRESS) is Event.BEGUN
