"""Enrolling a virtual device, as everybody in the story does it."""

from urllib.parse import parse_qs, unquote, urlsplit

from sekisho.messages import Message
from sekisho.tour.people import Person
from sekisho.tour.qr import read_qr
from sekisho.tour.scene import DONE, Actor, Scene, Want
from sekisho.tour.stage import Stage

__all__ = ["create_device", "enable_device", "enrol"]

_SAME_SEED = Message("the seed in the QR code is the one that AWS gave")
_LABEL = Message("the app shows the device as `{label}`")


def create_device(scene: Scene, session: Actor, person: Person, device: str) -> str:
    """Create a device, scan it, and return its serial number."""
    answer = scene.ask(session, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=device)
    made = answer["VirtualMFADevice"]
    serial = str(made["SerialNumber"])
    address = urlsplit(read_qr(made["QRCodePNG"]))
    (seed,) = parse_qs(address.query)["secret"]
    scene.check(_SAME_SEED, True, seed == made["Base32StringSeed"].decode("ascii"))
    scene.note(_LABEL.filled(label=unquote(address.path.removeprefix("/"))))
    person.phone.scan(serial, seed)
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
