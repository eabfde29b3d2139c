"""Papers that are PDFs, through pdfium; a scanned sheet is decoded from where it lies (ocr.embedded)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from PIL import Image

from ocr.embedded import Embedded, embedded
from ocr.ends import is_cut
from ocr.errors import BrokenPaper, EmptyPaper, PasswordProtected, TooManyPages, TooManyPixels, TruncatedPaper
from ocr.layers import is_unpainted, text_layer
from ocr.limits import BAND_PIXELS, PREVIEW_WIDTH, VECTOR_PIXELS, WORKING_PIXELS, Limits
from ocr.reading import Line
from ocr.scans import Scan
from ocr.watching import Watched

if TYPE_CHECKING:
    from ocr.pictures import Pictures

_DPI = 300
_POINT = 72  # points per inch (ISO 32000-1, 8.3.2.3)
_RENDER_PIXELS = 18_000_000  # A3 at 300 dpi
_ORIENTATIONS = {0: 1, 90: 6, 180: 3, 270: 8}  # how a page is turned → the same in the terms of EXIF
_CLOSE = 0.01  # of the longer side: by how much a scan may miss the edges of its page
_KEPT_BYTES = 64 << 20  # that pdfium may have read of pages that are done with


class Pdf:
    """An open PDF. pdfium repairs much, so that missing parts are told by the file's end."""

    media_type = "application/pdf"

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file, self._limits, self._loaded = Watched(file), limits, 0
        self._sizes: dict[int, tuple[int, int]] = {}
        cut = is_cut(file, self.media_type)
        self._open(cut=cut)
        if cut:
            raise TruncatedPaper
        self.pages = len(self._pdf)
        if self.pages > limits.pages:
            raise TooManyPages
        if self.pages < 1:
            raise EmptyPaper

    def check(self) -> None:
        """Load every page. Raises BrokenPaper, TooManyPixels, and as the decoder of a scanned sheet does."""
        for number in range(1, self.pages + 1):
            self.size(number)

    def first(self) -> Image.Image:
        """Page 1, as wide as a preview. Raises OcrError."""
        return self._picture(1, _RENDER_PIXELS, PREVIEW_WIDTH)

    def size(self, number: int) -> tuple[int, int]:
        """Pixels that page `number` (from 1) has at its best: those of its scan, else at 300 dpi."""
        if number not in self._sizes:  # a page is loaded once for it: pdfium reads all pictures of a page each time
            page, scan = self._load(number)
            try:
                self._sizes[number] = scan.size(1) if scan else _pixels(page, VECTOR_PIXELS)
            finally:
                page.close()
        return self._sizes[number]

    def image(self, number: int) -> Image.Image:
        """Page `number` (from 1) in RGB at 300 dpi, less for sheets beyond A3. Raises OcrError."""
        return self._picture(number, _RENDER_PIXELS)

    def strips(self, number: int, rows: int) -> Iterator[Image.Image]:
        """Page `number` in strips of so many rows, of the width and height that `size` tells. Raises OcrError."""
        page, scan = self._load(number)
        try:
            yield from scan.strips(1, rows) if scan else _drawn(page, *_pixels(page, VECTOR_PIXELS), rows)
        finally:
            page.close()

    def points(self, number: int) -> tuple[float, float]:
        """As the PDF says. Raises BrokenPaper."""
        page = self._page(number)
        width, height = page.get_size()
        page.close()
        return float(width), float(height)

    def scan(self, number: int) -> Scan | None:
        """The one picture of a page that is nothing else, found among what pdfium reads for this page alone."""
        self._reopen()
        page = self._page(number)
        try:
            found = self._embedded(page, least=0)
            return self._pictures(page, found).scan(1).within(found.place) if found else None
        finally:
            page.close()

    def _picture(self, number: int, pixels: float, widest: int | None = None) -> Image.Image:
        page, scan = self._load(number)
        try:
            if scan is not None:
                return scan.first() if widest else scan.image(1)
            width, height = _pixels(page, pixels)
            if widest and width > widest:
                width, height = widest, max(1, round(height * widest / width))
            return next(_drawn(page, width, height, height))
        finally:
            page.close()

    def _open(self, *, cut: bool = False, generous: bool = False) -> None:
        self._file.begin(generous=generous)
        self._file.seek(0)
        try:
            self._pdf = pdfium.PdfDocument(self._file)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD:
                raise PasswordProtected from error
            raise TruncatedPaper if cut else BrokenPaper from error
        self._pdf.init_forms()  # what is filled into a form is part of the paper

    def _reopen(self, *, generous: bool = False) -> None:
        self._pdf.close()
        self._open(generous=generous)

    def _load(self, number: int) -> "tuple[pdfium.PdfPage, Pictures | None]":
        """A page, and its scan where the page is one large picture and nothing else. Raises OcrError.

        pdfium keeps what it has read: large streams that it was given, or was not, are of one page alone, and with many
        small ones it begins anew.
        """
        stale = self._file.withheld or self._file.generous or self._file.given > _KEPT_BYTES
        if number != self._loaded and stale:
            self._reopen()
        self._loaded = number
        page = self._page(number)
        scan = self._scan(page)
        if scan is None and self._file.withheld:  # it must be drawn, with all that belongs to it
            page.close()
            self._reopen(generous=True)
            page = self._page(number)
        return page, scan

    def _scan(self, page: pdfium.PdfPage) -> "Pictures | None":
        found = self._embedded(page)
        return self._pictures(page, found) if found else None

    def _pictures(self, page: pdfium.PdfPage, found: Embedded) -> "Pictures":
        from ocr.pictures import Pictures

        return Pictures(found.file, found.media_type, self._limits, _ORIENTATIONS[page.get_rotation()])

    def _embedded(self, page: pdfium.PdfPage, least: int = WORKING_PIXELS) -> Embedded | None:
        size = _only_picture(page)
        if size is None or size[0] * size[1] <= least:
            return None
        if pdfium_c.FPDF_GetSecurityHandlerRevision(self._pdf) != -1:
            return None  # encrypted
        if self._limits.pixels < size[0] * size[1]:
            raise TooManyPixels
        for place in reversed(self._file.seen):
            scan = embedded(self._file.file, *place, size)
            if scan is not None:
                return scan if self._file.withheld <= {place} else None
        return None

    def text(self, number: int) -> tuple[Line, ...]:
        """Lines of the text layer of a born-digital page; none for scans, also those with hidden text from an OCR."""
        page = self._page(number)
        try:
            return text_layer(page)
        except pdfium.PdfiumError:
            return ()
        finally:
            page.close()

    def _page(self, number: int) -> pdfium.PdfPage:
        try:
            return self._pdf[number - 1]
        except pdfium.PdfiumError as error:
            raise BrokenPaper from error


def _pixels(page: pdfium.PdfPage, most: float) -> tuple[int, int]:
    """Width and height at 300 dpi, less where that were more than `most`."""
    width, height = page.get_size()
    scale = min(_DPI / _POINT, (most / max(width * height, 1)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _drawn(page: pdfium.PdfPage, width: int, height: int, rows: int) -> Iterator[Image.Image]:
    """The page drawn so large, band by band, in strips of so many rows in RGB. Raises BrokenPaper."""
    step = max(BAND_PIXELS // width // rows, 1) * rows
    for top in range(0, height, step):
        bitmap = _band(page, width, height, top, min(step, height - top))
        try:
            band = Image.frombuffer("RGBX", (width, bitmap.height), bitmap.buffer, "raw", "RGBX", bitmap.stride, 1)
            for at in range(0, bitmap.height, rows):  # copies: the band is pdfium's memory
                yield band.crop((0, at, width, min(at + rows, bitmap.height))).convert("RGB")
        finally:
            bitmap.close()


def _band(page: pdfium.PdfPage, width: int, height: int, top: int, rows: int) -> pdfium.PdfBitmap:
    try:
        bitmap = pdfium.PdfBitmap.new_native(width, rows, pdfium_c.FPDFBitmap_BGRx)
    except pdfium.PdfiumError as error:
        raise MemoryError from error
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, rows)
    where = (bitmap, page, 0, -top, width, height, 0, pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER)
    pdfium_c.FPDF_RenderPageBitmap(*where)
    if page.formenv:
        pdfium_c.FPDF_FFLDraw(page.formenv, *where)
    return bitmap


def _only_picture(page: pdfium.PdfPage) -> tuple[int, int] | None:
    """Pixels of the picture, upright over the whole page, that is all there is to see; None for any other page."""
    found = [item for item in page.get_objects(max_depth=1) if not is_unpainted(item)]
    if len(found) != 1 or found[0].type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
        return None
    across, turn, tilt, down, left, low = found[0].get_matrix().get()
    x0, y0, x1, y1 = page.get_bbox()
    close = max(x1 - x0, y1 - y0) * _CLOSE
    upright = across > 0 and down > 0 and abs(turn) <= close and abs(tilt) <= close
    sides = ((left, x0), (low, y0), (left + across, x1), (low + down, y1))
    if not upright or any(abs(a - b) > close for a, b in sides) or pdfium_c.FPDFPage_GetAnnotCount(page):
        return None
    width, height = found[0].get_px_size()
    return int(width), int(height)
