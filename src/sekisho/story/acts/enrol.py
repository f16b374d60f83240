"""Enrolling a virtual device, as everybody in the story does it."""

from sekisho.language import Text
from sekisho.story.people import Person
from sekisho.story.scene import DONE, Actor, Scene, Want
from sekisho.story.stage import Stage

__all__ = ["create_device", "enable_device", "enrol"]

_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURE = Text("the QR code is a PNG picture", "QR コードが PNG 画像である")


def create_device(scene: Scene, session: Actor, person: Person, device: str) -> str:
    """Create a device, scan it, and return its serial number."""
    answer = scene.ask(session, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=device)
    made = answer["VirtualMFADevice"]
    scene.check(_PICTURE, True, made["QRCodePNG"].startswith(_PNG))
    serial = str(made["SerialNumber"])
    person.phone.scan(serial, made["Base32StringSeed"].decode("ascii"))
    return serial


def enable_device(
    stage: Stage, scene: Scene, session: Actor, person: Person, want: Want = DONE
) -> None:
    """Enable the device that was scanned last, with two consecutive codes."""
    serial = person.phone.serials[-1]
    first, second = stage.two_codes(scene, person, serial)
    scene.ask(
        session,
        "iam:EnableMFADevice",
        want,
        UserName=person.name,
        SerialNumber=serial,
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )


def enrol(stage: Stage, scene: Scene, session: Actor, person: Person, device: str) -> None:
    """Create, scan and enable a device."""
    create_device(scene, session, person, device)
    enable_device(stage, scene, session, person)
