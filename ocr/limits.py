"""Every number that bounds the reading of one paper."""

from dataclasses import dataclass

MIB = 1024 * 1024

RANGE_BYTES = MIB  # most that the child may ask of the source at once
HEADER_BYTES = 64 * 1024  # JSON header of a frame
BODY_BYTES = 16 * MIB  # binary part of a frame
WORKING_PIXELS = 24_000_000  # of a picture that is looked at whole: more than A4 at 400 dpi brings recognition nothing
WHOLE_PIXELS = 100_000_000  # of a picture that can only be decoded whole: progressive, interlaced, WebP, HEIC
SHEET_PIXELS = 16_000_000  # beyond this a page gets tiles: more than A4 at 300 dpi or a common photo has
VECTOR_PIXELS = 150_000_000  # of a drawn page cut into tiles: A0 at 300 dpi has 140 million
BAND_PIXELS = 24_000_000  # held at once where pixels do not come from the top down
TILE_BYTES = 2 * MIB  # most that a tile may weigh
PIECE_BYTES = 4 * MIB  # of a page's picture for a copy, sent at once
LEAF_BYTES = 64 * MIB  # most that such a picture may weigh which is not the paper's own
FIRST_PAGE_S = 30.0  # that an upload waits for the picture of its first page
PREVIEW_WIDTH = 1240  # pixels
THUMBNAIL_WIDTH = 360  # pixels
PREVIEW_BYTES = 4 * MIB  # most that a preview or a thumbnail may weigh
PAGE_PICTURES = 2  # of a page while it is read: the second when it was found to be upside down
PAGE_LETTERS = 100_000  # of a text layer
PAGE_WORDS = 10_000  # a page of a newspaper has half of that
WORD_LETTERS = 400  # of a word
LINE_WORDS = 2000  # of a line
LINE_LETTERS = 20_000  # of a line
PAGE_LINES = 5000  # of a page
TITLE_LETTERS = 2000  # of a paper's title
VALUE_LETTERS = 2000  # of a field, as it is printed and in its canonical form
CODES = 500  # of a paper
PAPER_WORDS = 100_000  # about 25 MiB in the reading process: a file of 4 KiB could ask for gigabytes


@dataclass(frozen=True)
class Limits:
    """Limits of one child process; `pixels` holds for each page, everything else for the whole paper."""

    memory_bytes: int = 1536 * MIB  # address space of the child beyond what it starts with, and of tesseract beside it
    cpu_s: int = 900
    wall_s: float = 1200.0
    pages: int = 300
    pixels: int = 600_000_000  # A0 at 600 dpi has 558 million
    file_size: int = 512 * MIB
    scratch_bytes: int = 256 * MIB  # greatest file in the memory-backed scratch folder
    open_files: int = 128
    page_wall_s: float = 120.0  # one pass of tesseract over one page
