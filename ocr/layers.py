"""The text layer of a page of a PDF: its words with their boxes, where it can be believed more than the picture."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ocr.legacy import is_rubbish, repaired
from ocr.limits import PAGE_LETTERS
from ocr.reading import Box, Line, Word

_UNITS = 10_000  # boxes are asked of pdfium in this many steps per side
_LETTERS_ALONE = 20  # fewer letters than this are no text layer
_LETTERS_OVER_IMAGE = 200  # over a page-wide image only this many are: scanners stamp a line of text onto theirs
_IMAGE_SHARE = 0.6
_BANDS = 20  # of a page's height; a scan with a heading, a stamp and signatures has text in few of them
_BANDS_OVER_IMAGE = 7  # a certificate that was printed over a picture has as many
_FONT_BYTES = 200
_BROKEN_HYPHEN = "\x02"  # pdfium's sign for a hyphen at the end of a line, and for that end
_ENDS_LINE = f"\r\n{_BROKEN_HYPHEN}"
_SPLIT_LETTERS = ("Ã", "Æ")  # before U+00A0: UTF-8's à and Ơ, taken for Windows-1252
_INVISIBLE = pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE


@dataclass
class _Found:
    """A word as it stands in the layer; `ends_line`: it is the last of its line."""

    text: str
    box: Box
    font: str
    ends_line: bool = False


def text_layer(page: pdfium.PdfPage) -> tuple[Line, ...]:
    """Its lines in Unicode, also where the fonts have other codes; none where the page had better be recognised: where
    there is no text, or rubbish, or a little over a scan. Raises PdfiumError.
    """
    found = list(_words(page, _beneath(page)))
    texts = repaired([word.text for word in found], [word.font for word in found])
    lines = tuple(_lines(found, texts))
    letters = sum(letter.isalpha() for text in texts for letter in text)
    if letters < _LETTERS_ALONE or is_rubbish(texts):
        return ()
    enough = letters >= _LETTERS_OVER_IMAGE and _bands(lines) >= _BANDS_OVER_IMAGE
    return lines if enough or not _is_scan(page) else ()


def is_unpainted(item: pdfium.PdfObject) -> bool:
    """Text that a scanner's OCR has put under or over its picture without painting it."""
    is_text = item.type == pdfium_c.FPDF_PAGEOBJ_TEXT
    return bool(is_text and pdfium_c.FPDFTextObj_GetTextRenderMode(item) == _INVISIBLE)


def _is_scan(page: pdfium.PdfPage) -> bool:
    """A page-wide image is on it, or strips of one."""
    width, height = page.get_size()
    images = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    return sum(map(_area, images), 0.0) >= _IMAGE_SHARE * float(width * height)


def _area(item: pdfium.PdfObject) -> float:
    left, bottom, right, top = item.get_bounds()
    return float((right - left) * (top - bottom))


def _beneath(page: pdfium.PdfPage) -> frozenset[int]:
    """Texts under a page-wide picture that lets nothing through: some OCR's opinion of it, as hidden text is."""
    width, height = page.get_size()
    texts: set[int] = set()
    covered: frozenset[int] = frozenset()
    for item in page.get_objects(max_depth=1):
        if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            texts.add(_address(item.raw))
        elif item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE and _area(item) >= _IMAGE_SHARE * width * height:
            covered = covered if pdfium_c.FPDFPageObj_HasTransparency(item) else frozenset(texts)
    return covered


def _address(item: object) -> int:
    return ctypes.cast(item, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def _bands(lines: tuple[Line, ...]) -> int:
    """In how many of the page's bands text stands."""
    return len({band for line in lines for band in range(int(line.box[1] * _BANDS), int(line.box[3] * _BANDS) + 1)})


def _lines(found: list[_Found], texts: list[str]) -> Iterator[Line]:
    words: list[Word] = []
    for word, text in zip(found, texts, strict=True):
        words.append(Word(text, word.box, 1.0))
        if word.ends_line:
            yield _line(words)
            words = []
    if words:
        yield _line(words)


def _words(page: pdfium.PdfPage, beneath: frozenset[int]) -> Iterator[_Found]:
    """Group pdfium's characters: white space ends a word, a line break or a leap a line."""
    textpage = page.get_textpage()
    last: _Found | None = None
    text, boxes, first = "", [], 0
    for index in range(min(textpage.count_chars(), PAGE_LETTERS)):
        letter = _letter(textpage, index)
        ends = _ends_word(letter, text)
        if not ends and not _is_hidden(textpage, index, beneath):
            first = first if text else index
            text += "-" if letter == _BROKEN_HYPHEN else letter
            boxes.append(_box(page, textpage.get_charbox(index)))
        if text and (ends or letter == _BROKEN_HYPHEN):
            if last:
                yield last
            last = _Found(text, _around(boxes), _font(textpage, first))
            text, boxes = "", []
        if last and letter in _ENDS_LINE:
            last.ends_line = True
    if last:
        yield last
    if text:
        yield _Found(text, _around(boxes), _font(textpage, first), ends_line=True)


def _ends_word(letter: str, text: str) -> bool:
    return letter.isspace() and not (letter == "\xa0" and text.endswith(_SPLIT_LETTERS))


def _letter(textpage: pdfium.PdfTextPage, index: int) -> str:
    code = pdfium_c.FPDFText_GetUnicode(textpage, index)
    usable = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if usable else "\ufffd"


def _is_hidden(textpage: pdfium.PdfTextPage, index: int, beneath: frozenset[int]) -> bool:
    """Text that is not painted, or under a picture, is some OCR's opinion of the image."""
    found = pdfium_c.FPDFText_GetTextObject(textpage, index)
    if not found:
        return False
    return _address(found) in beneath or bool(pdfium_c.FPDFTextObj_GetTextRenderMode(found) == _INVISIBLE)


def _font(textpage: pdfium.PdfTextPage, index: int) -> str:
    """Its name; "" where pdfium knows none."""
    name, flags = ctypes.create_string_buffer(_FONT_BYTES), ctypes.c_int()
    length = pdfium_c.FPDFText_GetFontInfo(textpage, index, name, _FONT_BYTES, flags)
    return name.value.decode("utf-8", "replace") if 0 < length <= _FONT_BYTES else ""


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


def _line(words: list[Word]) -> Line:
    return Line(" ".join(word.text for word in words), _around([word.box for word in words]), 1.0, tuple(words))


def _around(boxes: list[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
