"""The type of a file by its content, never by its name."""

HEAD_BYTES = 4096

TAKEN: tuple[str, ...] = (
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/tiff",
    "image/heic",
)

_PDF_WITHIN = 1024  # readers accept the header anywhere in the first 1024 bytes (ISO 32000-1, annex H.3.4.1)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_HEVC_BRANDS = _HEIC_BRANDS - {b"mif1", b"msf1"}
_TIFF_MAGIC = (b"II*\x00", b"MM\x00*")  # BigTIFF ("+") is not taken: no scanner or phone writes it


def sniff(head: bytes) -> str | None:
    """Media type of a file that starts with `head` (up to HEAD_BYTES are looked at), None if it is not taken."""
    head = head[:HEAD_BYTES]
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(_TIFF_MAGIC):
        return "image/tiff"
    if _is_heic(head):
        return "image/heic"
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return "application/pdf"
    return None


def _is_heic(head: bytes) -> bool:
    """ISO base media file whose `ftyp` box names an HEVC still image (ISO/IEC 23008-12)."""
    if head[4:8] != b"ftyp":
        return False
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, length - 3, 4)}
    # `mif1` alone also starts AVIF files, so that one of the HEVC brands must stand beside it
    return head[8:12] in _HEIC_BRANDS and bool(brands & _HEVC_BRANDS)
