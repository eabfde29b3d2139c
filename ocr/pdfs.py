"""Papers that are PDFs, through pdfium."""

import ctypes
from collections.abc import Iterator
from typing import BinaryIO

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from PIL import Image

from ocr.ends import is_cut
from ocr.errors import BrokenPaper, EmptyPaper, PasswordProtected, TooManyPages, TruncatedPaper
from ocr.limits import PAGE_LETTERS, Limits
from ocr.reading import Box, Line, Word

_DPI = 300
_POINT = 72  # points per inch (ISO 32000-1, 8.3.2.3)
_RENDER_PIXELS = 18_000_000  # A3 at 300 dpi
_UNITS = 10_000  # boxes are asked of pdfium in this many steps per side
_LETTERS_ALONE = 20  # fewer letters than this are no text layer
_LETTERS_OVER_IMAGE = 200  # over a page-wide image only this many are: scanners stamp a line of text onto theirs
_IMAGE_SHARE = 0.6
_INVISIBLE = pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE


class Pdf:
    """An open PDF. pdfium repairs much, so that missing parts are told by the file's end."""

    media_type = "application/pdf"

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        cut = is_cut(file, self.media_type)
        file.seek(0)
        try:
            self._pdf = pdfium.PdfDocument(file)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD:
                raise PasswordProtected from error
            raise TruncatedPaper if cut else BrokenPaper from error
        if cut:
            raise TruncatedPaper
        self.pages = len(self._pdf)
        if self.pages > limits.pages:
            raise TooManyPages
        if self.pages < 1:
            raise EmptyPaper
        self._pdf.init_forms()  # what is filled into a form is part of the paper

    def check(self) -> None:
        """Load every page. Raises BrokenPaper."""
        for number in range(1, self.pages + 1):
            self._page(number).close()

    def image(self, number: int) -> Image.Image:
        """Page `number` (from 1) in RGB at 300 dpi, less for sheets beyond A3. Raises BrokenPaper."""
        page = self._page(number)
        width, height = page.get_size()
        scale = min(_DPI / _POINT, (_RENDER_PIXELS / max(width * height, 1)) ** 0.5)
        try:
            image: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
            return image
        except pdfium.PdfiumError as error:
            raise BrokenPaper from error
        finally:
            page.close()

    def text(self, number: int) -> tuple[Line, ...]:
        """Lines of the text layer of a born-digital page; none for scans, also those with hidden text from an OCR."""
        page = self._page(number)
        try:
            lines = tuple(_lines(page))
            letters = sum(letter.isalpha() for line in lines for letter in line.text)
            scan = _is_scan(page)
        except pdfium.PdfiumError:
            return ()
        finally:
            page.close()
        return lines if letters >= (_LETTERS_OVER_IMAGE if scan else _LETTERS_ALONE) else ()

    def _page(self, number: int) -> pdfium.PdfPage:
        try:
            return self._pdf[number - 1]
        except pdfium.PdfiumError as error:
            raise BrokenPaper from error


def _is_scan(page: pdfium.PdfPage) -> bool:
    """A page-wide image is on it."""
    width, height = page.get_size()
    for found in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = found.get_bounds()
        if (right - left) * (top - bottom) >= _IMAGE_SHARE * width * height:
            return True
    return False


def _lines(page: pdfium.PdfPage) -> Iterator[Line]:
    """Group pdfium's characters: white space ends a word, a line break or a leap a line."""
    words: list[Word] = []
    for word, ends_line in _words(page):
        if word is not None:
            words.append(word)
        if ends_line and words:
            yield _line(words)
            words = []
    if words:
        yield _line(words)


def _words(page: pdfium.PdfPage) -> Iterator[tuple[Word | None, bool]]:
    textpage = page.get_textpage()
    text, boxes = "", []
    for index in range(min(textpage.count_chars(), PAGE_LETTERS)):
        letter = _letter(textpage, index)
        if not letter.isspace():
            if not _is_hidden(textpage, index):
                text += letter
                boxes.append(_box(page, textpage.get_charbox(index)))
            continue
        yield (_word(text, boxes) if text else None), letter in "\r\n"
        text, boxes = "", []
    if text:
        yield _word(text, boxes), True


def _letter(textpage: pdfium.PdfTextPage, index: int) -> str:
    code = pdfium_c.FPDFText_GetUnicode(textpage, index)
    usable = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if usable else "\ufffd"


def _is_hidden(textpage: pdfium.PdfTextPage, index: int) -> bool:
    """Text that is not painted is some OCR's opinion of the image beneath."""
    found = pdfium_c.FPDFText_GetTextObject(textpage, index)
    return bool(found) and pdfium_c.FPDFTextObj_GetTextRenderMode(found) == _INVISIBLE


def _box(page: pdfium.PdfPage, bounds: tuple[float, float, float, float]) -> Box:
    """From page space to fractions of the page as it is shown, turned and cropped (pdfium knows both)."""
    left, bottom, right, top = bounds
    corners = [_shown(page, left, top), _shown(page, right, bottom)]
    xs, ys = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    return xs[0], ys[0], xs[1], ys[1]


def _shown(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, _UNITS, _UNITS, 0, x, y, across, down)
    return min(max(across.value / _UNITS, 0.0), 1.0), min(max(down.value / _UNITS, 0.0), 1.0)


def _word(text: str, boxes: list[Box]) -> Word:
    return Word(text, _around(boxes), 1.0)


def _line(words: list[Word]) -> Line:
    return Line(" ".join(word.text for word in words), _around([word.box for word in words]), 1.0, tuple(words))


def _around(boxes: list[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
