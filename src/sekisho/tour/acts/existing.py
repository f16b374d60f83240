"""Chapter 4: users who were there before, at the console."""

from collections.abc import Iterator

from sekisho.policy import Preset
from sekisho.tour import cast
from sekisho.tour.acts.answers import (
    DENIED,
    EXISTS_ALREADY,
    IMPLICITLY_DENIED,
    NOT_CONSECUTIVE,
    SIGNIN_FAILED,
)
from sekisho.tour.acts.enrol import create_device, enable_device, enrol
from sekisho.tour.scene import Actor, Scene
from sekisho.tour.stage import Stage
from sekisho.tour.step import Step

__all__ = ["existing_user", "group_members", "half_enrolled", "path_user"]


def existing_user(stage: Stage) -> Iterator[Step]:
    """The user without a device: signs in, is denied, enrols, signs in again."""
    name = cast.EXISTING
    person = stage.person(name)
    with stage.scene("4.1.1-sign-in", name=name) as scene:
        session = stage.signed_in(scene, person)
    yield scene.step
    with stage.scene("4.1.2-denied", name=name) as scene:
        for operation in ("s3:ListBuckets", "iam:ListUsers", "sts:AssumeRole"):
            scene.ask(session, operation, DENIED, **_parameters(stage, operation))
        scene.ask(session, "iam:ListAccessKeys", DENIED, UserName=name)
        scene.ask(session, "iam:DeactivateMFADevice", DENIED, **_own_device(stage, name))
    yield scene.step
    with stage.scene("4.1.3-own-device-pages", name=name) as scene:
        scene.ask(session, "iam:GetUser")
        scene.ask(session, "iam:ListMFADevices", UserName=name)
        scene.ask(session, "iam:ListVirtualMFADevices", AssignmentStatus="Any")
        scene.ask(session, "sts:GetCallerIdentity")
    yield scene.step
    yield from _enrols(stage, session)


def _parameters(stage: Stage, operation: str) -> dict[str, object]:
    if operation != "sts:AssumeRole":
        return {}
    return {"RoleArn": stage.role_arn(cast.ROLE), "RoleSessionName": "tour"}


def _own_device(stage: Stage, name: str) -> dict[str, object]:
    return {"UserName": name, "SerialNumber": stage.device_arn(name)}


def _enrols(stage: Stage, session: Actor) -> Iterator[Step]:
    name = cast.EXISTING
    person = stage.person(name)
    with stage.scene("4.1.4-create-device", name=name) as scene:
        serial = create_device(scene, session, person, f"{name}-phone")
    yield scene.step
    with stage.scene("4.1.5-wrong-codes", name=name) as scene:
        code = stage.fresh_code(scene, person, serial)
        scene.ask(
            session,
            "iam:EnableMFADevice",
            NOT_CONSECUTIVE,
            UserName=name,
            SerialNumber=serial,
            AuthenticationCode1=code,
            AuthenticationCode2=code,
        )
    yield scene.step
    with stage.scene("4.1.6-enable", name=name) as scene:
        enable_device(stage, scene, session, person)
        scene.ask(session, "iam:ListMFADevices", UserName=name)
    yield scene.step
    with stage.scene("4.1.7-old-session", name=name) as scene:
        scene.ask(session, "s3:ListBuckets", DENIED)
    yield scene.step
    with stage.scene("4.1.8-sign-in-with-code", name=name) as scene:
        _used_code_refused(stage, scene)
        session = stage.signed_in(scene, person)
        scene.ask(session, "s3:ListBuckets")
        scene.ask(session, "iam:ListAccessKeys", UserName=name)
    yield scene.step


def _used_code_refused(stage: Stage, scene: Scene) -> None:
    person = stage.person(cast.EXISTING)
    serial = person.phone.serials[-1]
    used = person.phone.used(serial)
    if used is not None:
        page = stage.password_page(scene, person)
        code = person.phone.code(serial, used)
        stage.send_code(scene, person, page, code, SIGNIN_FAILED)


def group_members(stage: Stage) -> Iterator[Step]:
    """Two members of the group, one without and one with a device."""
    name = cast.MEMBER_WITHOUT_DEVICE
    with stage.scene("4.5.1-without-device", name=name) as scene:
        session = stage.signed_in(scene, stage.person(name))
        scene.ask(session, "s3:ListBuckets", DENIED)
        scene.ask(session, "iam:ListMFADevices", UserName=name)
    yield scene.step
    name = cast.MEMBER_WITH_DEVICE
    with stage.scene("4.5.2-with-device", name=name) as scene:
        session = stage.signed_in(scene, stage.person(name))
        scene.ask(session, "s3:ListBuckets")
    yield scene.step


def path_user(stage: Stage) -> Iterator[Step]:
    """The user whose ARN has a path, who can enrol only if the policy thinks of paths."""
    name = cast.WITH_PATH
    person = stage.person(name)
    enrols = stage.preset is Preset.RECOMMENDED
    step = "4.6.1-enrols" if enrols else "4.6.1-locked-out"
    with stage.scene(step, name=name) as scene:
        session = stage.signed_in(scene, person)
        scene.ask(session, "s3:ListBuckets", DENIED)
        if enrols:
            enrol(stage, scene, session, person, f"{name}-phone")
            session = stage.signed_in(scene, person)
            scene.ask(session, "s3:ListBuckets")
        else:
            create_device(scene, session, person, f"{name}-phone")
            enable_device(stage, scene, session, person, IMPLICITLY_DENIED)
    yield scene.step


def half_enrolled(stage: Stage) -> Iterator[Step]:
    """The user whose first attempt left a device behind."""
    name = cast.HALF_ENROLLED
    person = stage.person(name)
    with stage.scene("4.7.1-exists-already", name=name) as scene:
        session = stage.signed_in(scene, person)
        scene.ask(
            session, "iam:CreateVirtualMFADevice", EXISTS_ALREADY, VirtualMFADeviceName=cast.ORPHAN
        )
    yield scene.step
    leftover = stage.device_arn(cast.ORPHAN)
    with stage.scene("4.7.2-may-not-delete", name=name) as scene:
        scene.ask(session, "iam:DeleteVirtualMFADevice", DENIED, SerialNumber=leftover)
    yield scene.step
    with stage.scene("4.7.3-another-name", name=name) as scene:
        enrol(stage, scene, session, person, f"{name}-phone-2")
        session = stage.signed_in(scene, person)
        scene.ask(session, "iam:ListAccessKeys", UserName=name)
    yield scene.step
    with stage.scene("4.7.4-administrator-deletes", name=name) as scene:
        scene.ask(stage.administrator, "iam:DeleteVirtualMFADevice", SerialNumber=leftover)
    yield scene.step
