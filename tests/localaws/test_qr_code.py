"""The QR code that the local AWS draws holds the seed that it gives beside it."""

import io
from urllib.parse import parse_qs, unquote, urlsplit

import png
import pytest
import segno
from hypothesis import example, given
from hypothesis import strategies as st

import overlay_people as people
from qr import read_qr
from sekisho.localaws import LocalAws

URI = "otpauth://totp/Amazon%20Web%20Services:hanako-phone@reidai?secret="


@pytest.mark.parametrize("name", ["phone", "bob-phone.2", "a=b,c@d+e"])
def test_the_picture_says_what_the_answer_says(name: str) -> None:
    """Source: IAM User Guide, "Assign a virtual MFA device in the AWS Management Console"."""
    with LocalAws(people.account()) as aws:
        answer = people.client(aws, "iam").create_virtual_mfa_device(VirtualMFADeviceName=name)
    device = answer["VirtualMFADevice"]
    address = urlsplit(read_qr(device["QRCodePNG"]))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path).startswith(f"/Amazon Web Services:{name}@")
    assert parse_qs(address.query) == {
        "secret": [device["Base32StringSeed"].decode()],
        "issuer": ["Amazon Web Services"],
    }


def drawn(text: str) -> bytes:
    picture = io.BytesIO()
    segno.make(text, micro=False).save(picture, kind="png", scale=4)
    return picture.getvalue()


@example("2" * 50)  # drawn, it looks like a second barcode of another kind
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=128))
def test_reads_any_seed(seed: str) -> None:
    assert read_qr(drawn(URI + seed)) == URI + seed


@pytest.mark.parametrize("picture", [b"", b"GIF89a", drawn(URI)[:40]])
def test_what_is_no_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(ValueError, match="no PNG"):
        read_qr(picture)


def test_a_picture_without_a_code_is_refused() -> None:
    blank = io.BytesIO()
    png.Writer(8, 8, greyscale=True).write(blank, [bytes([255] * 8)] * 8)
    with pytest.raises(ValueError, match="not enough values"):
        read_qr(blank.getvalue())
