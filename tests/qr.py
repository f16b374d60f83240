"""Reads a QR code from a picture, as a phone's camera would."""

import png
import zxingcpp

_QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
"""Of no other kind: some rows of some codes pass for a barcode."""


def read_qr(picture: bytes) -> str:
    """Return the text of the one QR code in a PNG picture.

    Raises:
        ValueError: if it is no PNG picture, or holds no QR code or several.
    """
    try:
        width, height, rows, _ = png.Reader(bytes=picture).asRGB8()
        pixels = b"".join(map(bytes, rows))
    except (png.Error, EOFError) as error:
        raise ValueError("this is no PNG picture") from error
    image = zxingcpp.ImageView(pixels, width, height, zxingcpp.ImageFormat.RGB)
    (found,) = zxingcpp.read_barcodes(image, formats=_QR_CODES)
    return str(found.text)
