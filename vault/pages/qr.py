"""QR codes as pictures inside a page."""

import base64

import zxingcpp


def data_uri(text: str) -> str:
    """The QR code of `text` as an SVG in a `data:` address: it stays inside the page, no request asks for it.

    As an image it can run no script and reach nothing.
    """
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    svg = zxingcpp.write_barcode_to_svg(barcode, add_quiet_zones=True)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
