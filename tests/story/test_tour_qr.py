"""The phone's eye: it reads what segno draws, of every size and level of error correction."""

import io

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import Unsupported
from sekisho.story.qr import read_qr

URI = "otpauth://totp/Amazon%20Web%20Services:hanako-phone@reidai?secret="


def drawn(text: str, **options: object) -> bytes:
    picture = io.BytesIO()
    scale = options.pop("scale", 4)
    segno.make(text, micro=False, mode="byte", **options).save(picture, kind="png", scale=scale)
    return picture.getvalue()


@pytest.mark.parametrize("error", ["l", "m", "q", "h"])
@pytest.mark.parametrize("version", [1, 2, 6, 7, 9, 10, 14, 21])
def test_reads_every_size_and_level(version: int, error: str) -> None:
    text = "totp" if version == 1 else "otpauth://x"
    assert read_qr(drawn(text, version=version, error=error, boost_error=False)) == text


@pytest.mark.parametrize("mask", range(8))
@pytest.mark.parametrize("scale", [1, 3, 8])
def test_reads_every_mask_and_scale(mask: int, scale: int) -> None:
    text = URI + "ABCDEFGH" * 8
    assert read_qr(drawn(text, mask=mask, scale=scale)) == text


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=128))
def test_reads_any_seed(seed: str) -> None:
    assert read_qr(drawn(URI + seed)) == URI + seed


@pytest.mark.parametrize("picture", [b"", b"GIF89a"])
def test_what_is_no_png_is_refused(picture: bytes) -> None:
    with pytest.raises(Unsupported):
        read_qr(picture)


def test_numbers_alone_are_refused() -> None:
    picture = io.BytesIO()
    segno.make("123456", micro=False).save(picture, kind="png")
    with pytest.raises(Unsupported, match="binary text"):
        read_qr(picture.getvalue())
