"""Every number that bounds the reading of one paper."""

from dataclasses import dataclass

MIB = 1024 * 1024

RANGE_BYTES = MIB  # most that the child may ask of the source at once
HEADER_BYTES = 64 * 1024  # JSON header of a frame
BODY_BYTES = 16 * MIB  # binary part of a frame
PREVIEW_WIDTH = 1240  # pixels
THUMBNAIL_WIDTH = 360  # pixels
PREVIEW_BYTES = 4 * MIB  # most that a preview or a thumbnail may weigh
PAGE_LETTERS = 100_000  # of a text layer
PAGE_WORDS = 10_000  # a page of a newspaper has half of that
PAPER_WORDS = 100_000  # about 25 MiB in the reading process: a file of 4 KiB could ask for gigabytes


@dataclass(frozen=True)
class Limits:
    """Limits of one child process; `pixels` holds for each page, everything else for the whole paper."""

    memory_bytes: int = 1536 * MIB  # address space of the child, and of tesseract beside it
    cpu_s: int = 900
    wall_s: float = 1200.0
    pages: int = 300
    pixels: int = 150_000_000
    file_size: int = 512 * MIB
    scratch_bytes: int = 256 * MIB  # greatest file in the memory-backed scratch folder
    open_files: int = 128
    page_wall_s: float = 120.0  # one pass of tesseract over one page
