"""Chapter 4: keys on the command line, a machine, the break-glass user, a thief."""

from collections.abc import Iterator

from sekisho.tour import cast
from sekisho.tour.acts.answers import (
    CODE_USED,
    DENIED,
    INVALID_TOKEN,
    SECOND_DEVICE,
    WRONG_CODE,
)
from sekisho.tour.acts.enrol import create_device, enable_device
from sekisho.tour.scene import Actor
from sekisho.tour.stage import Stage
from sekisho.tour.step import Held, Step

__all__ = ["break_glass", "key_user", "machine", "thief"]


def key_user(stage: Stage) -> Iterator[Step]:
    """The user with a key and a device: denied, then with an MFA session, then in a role."""
    name = cast.KEY_USER
    key = stage.key_of(name)
    with stage.scene("4.8.1-key-denied", name=name) as scene:
        scene.ask(key, "s3:ListBuckets", DENIED)
        scene.ask(key, "iam:ListAccessKeys", DENIED, UserName=name)
        scene.ask(key, "sts:GetCallerIdentity")
    yield scene.step
    with stage.scene("4.8.2-session-without-code", name=name) as scene:
        answer = scene.ask(key, "sts:GetSessionToken")
        without = stage.session_of(name, Held.TOKEN_WITHOUT_MFA, answer)
        scene.ask(without, "iam:GetUser", INVALID_TOKEN)
        scene.ask(without, "s3:ListBuckets", DENIED)
    yield scene.step
    yield from _with_code(stage, key, without)


def _with_code(stage: Stage, key: Actor, without: Actor) -> Iterator[Step]:
    name = cast.KEY_USER
    person = stage.person(name)
    serial = person.phone.serials[-1]
    with stage.scene("4.8.3-session-with-code", name=name) as scene:
        code = stage.fresh_code(scene, person, serial)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        device = {"SerialNumber": serial}
        scene.ask(key, "sts:GetSessionToken", WRONG_CODE, TokenCode=wrong, **device)
        answer = scene.ask(key, "sts:GetSessionToken", TokenCode=code, **device)
        scene.ask(key, "sts:GetSessionToken", CODE_USED, TokenCode=code, **device)
        session = stage.session_of(name, Held.TOKEN_WITH_MFA, answer)
        scene.ask(session, "s3:ListBuckets")
        scene.ask(session, "iam:ListAccessKeys", UserName=name)
    yield scene.step
    with stage.scene("4.8.4-role", name=name) as scene:
        role = {"RoleArn": stage.role_arn(cast.ROLE), "RoleSessionName": "tour"}
        scene.ask(key, "sts:AssumeRole", DENIED, **role)
        scene.ask(without, "sts:AssumeRole", DENIED, **role)
        answer = scene.ask(session, "sts:AssumeRole", **role)
        assumed = stage.session_of(cast.ROLE, Held.ROLE_SESSION, answer)
        scene.ask(assumed, "s3:ListBuckets")
    yield scene.step


def machine(stage: Stage) -> Iterator[Step]:
    """The machine whose key stops."""
    with stage.scene("4.9.1-key-stopped", name=cast.MACHINE) as scene:
        scene.ask(stage.key_of(cast.MACHINE), cast.PROBES[cast.MACHINE], DENIED)
    yield scene.step


def break_glass(stage: Stage) -> Iterator[Step]:
    """The user who must always get in."""
    person = stage.person(cast.BREAK_GLASS)
    with stage.scene("4.10.1-untouched", name=person.name) as scene:
        session = stage.signed_in(scene, person)
        scene.ask(session, "iam:ListUsers")
    yield scene.step


def thief(stage: Stage) -> Iterator[Step]:
    """A thief who holds a key of a user with a device, and a phone of their own."""
    name = cast.KEY_USER
    key = stage.key_of(name)
    person = stage.person("thief")
    person.name = name  # signs as the victim, with another phone
    with stage.scene("4.11.1-second-device", name=name) as scene:
        create_device(scene, key, person, "thief-phone")
        enable_device(stage, scene, key, person, SECOND_DEVICE)
        serial = person.phone.serials[-1]
        scene.ask(stage.administrator, "iam:DeleteVirtualMFADevice", SerialNumber=serial)
    yield scene.step
