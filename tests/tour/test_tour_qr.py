"""The phone's eye reads what the local AWS draws."""

import io

import png
import pytest
import segno
from hypothesis import example, given
from hypothesis import strategies as st

from sekisho.tour.qr import read_qr

URI = "otpauth://totp/Amazon%20Web%20Services:hanako-phone@reidai?secret="


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
