"""Multipart bodies as browsers, odd programs and attackers send them."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import BadUpload, TooLarge
from vault.uploads import FIELD_MAX, FILE_NAME_MAX, OVERHEAD_MAX, PARTS_MAX, Upload, clean_file_name

LIMIT = 100_000
BOUNDARY = "----geckoformboundary17"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, data: bytes, file_name: str | None = None, extra: str = "") -> bytes:
    named = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{extra}\r\n'
    return head.encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def cut(data: bytes, *places: int) -> Iterator[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return (data[start:end] for start, end in pairwise(edges) if end > start)


def upload(data: bytes | Iterable[bytes], limit: int = LIMIT, content_type: str = TYPE) -> Upload:
    return Upload(content_type, iter([data] if isinstance(data, bytes) else data), limit)


def taken(data: bytes | Iterable[bytes], limit: int = LIMIT, content_type: str = TYPE) -> bytes:
    return b"".join(upload(data, limit, content_type).chunks())


def refusal(data: bytes | Iterable[bytes], content_type: str = TYPE) -> object:
    with pytest.raises(BadUpload) as refused:
        taken(data, content_type=content_type)
    return refused.value.values["reason"]


NASTY = [b"\r\n", b"\r\n--", f"\r\n--{BOUNDARY[:-1]}".encode(), b"--", b"-", b"\n", f"--{BOUNDARY}".encode()]


@given(
    pieces=st.lists(st.binary(max_size=50) | st.sampled_from(NASTY), max_size=8),
    places=st.lists(st.integers(min_value=0, max_value=10_000), max_size=30),
)
def test_the_file_is_the_same_however_the_network_cuts_it(pieces: list[bytes], places: list[int]) -> None:
    data = b"x" + b"".join(pieces)
    if f"\r\n--{BOUNDARY}".encode() in data:
        return  # that is the end of the part, by RFC 2046
    sent = body(part("title", b"Khai sinh"), part("file", data, "a.pdf"), part("kind", b"other"))
    arriving = upload(cut(sent, *places))
    assert b"".join(arriving.chunks()) == data
    assert arriving.fields == {"title": "Khai sinh", "kind": "other"}
    assert arriving.file_name == "a.pdf"


def test_byte_by_byte_is_a_way_to_send_it_too() -> None:
    data = b"%PDF-1.7\r\n--" + BOUNDARY.encode()[:5] + b"\r\n" * 3
    assert taken(bytes([byte]) for byte in body(part("file", data, "a"))) == data


@given(st.integers(min_value=0))
def test_an_upload_that_breaks_off_is_never_taken_for_whole(place: int) -> None:
    whole = body(part("file", b"%PDF-" * 20, "a.pdf"))
    end = whole.rindex(b"--\r\n")
    assert refusal(whole[: place % end]) == "cut-off"


def test_the_form_without_a_file_says_so() -> None:
    assert refusal(body(part("title", b"x"))) == "no-file"
    assert refusal(body(part("attachment", b"x", "a.pdf"))) == "no-file"


def test_two_files_at_once_are_refused() -> None:
    assert refusal(body(part("file", b"a", "a"), part("file", b"b", "b"))) == "two-files"


def test_an_empty_file_is_a_file() -> None:
    arriving = upload(body(part("file", b"", "empty.pdf")))
    assert b"".join(arriving.chunks()) == b""
    assert arriving.file_name == "empty.pdf"


def test_the_epilogue_is_ignored() -> None:
    assert taken(body(part("file", b"data", "a")) + b"anything after the end") == b"data"


def test_a_preamble_is_refused_or_ignored_and_never_part_of_the_file() -> None:
    """RFC 2046 allows one, RFC 7578 says that nobody sends it."""
    try:
        assert taken(b"preamble\r\n" + body(part("file", b"data", "a"))) == b"data"
    except BadUpload as refused:
        assert refused.values["reason"] == "malformed"


def test_an_endless_epilogue_ends_the_upload() -> None:
    def endless() -> Iterator[bytes]:
        yield body(part("file", b"data", "a"))
        for _ in range(100):
            yield b"x" * 65_536
        raise AssertionError("it was read for ever")

    with pytest.raises(TooLarge):
        taken(endless())


def test_a_file_over_the_limit_stops_at_the_limit() -> None:
    def sent() -> Iterator[bytes]:
        yield part("file", b"x" * LIMIT, "a")[:-2]
        yield b"x"
        raise AssertionError("it was read on")

    with pytest.raises(TooLarge):
        taken(sent())
    assert len(taken(body(part("file", b"x" * LIMIT, "a")))) == LIMIT


def test_many_parts_are_refused() -> None:
    few = [part(f"f{n}", b"x") for n in range(PARTS_MAX - 1)]
    assert taken(body(*few, part("file", b"data", "a"))) == b"data"
    assert refusal(body(*few, part("more", b"x"), part("file", b"data", "a"))) == "too-many-parts"


def test_a_long_text_field_is_refused() -> None:
    assert taken(body(part("title", b"x" * FIELD_MAX), part("file", b"data", "a"))) == b"data"
    assert refusal(body(part("title", b"x" * (FIELD_MAX + 1)), part("file", b"data", "a"))) == "field-too-long"


@pytest.mark.parametrize("extra", ["X: " + "x" * 1_000_000 + "\r\n", "X" * 1_000_000 + ": x\r\n", "X: x\r\n" * 10_000])
def test_huge_headers_of_a_part_are_refused_before_they_fill_the_memory(extra: str) -> None:
    data = body(part("file", b"data", "a", extra))
    with pytest.raises((BadUpload, TooLarge)):
        taken(cut(data, *range(0, len(data), 1000)))


@pytest.mark.parametrize(
    "content_type",
    [
        "", "application/pdf", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
        "text/plain; boundary=x", "multipart/form-data; boundary", "; boundary=x", "multipart/form-datax; boundary=x",
    ],
)  # fmt: skip
def test_another_content_type_is_not_taken(content_type: str) -> None:
    assert refusal(body(part("file", b"data", "a")), content_type) == "not-multipart"


@pytest.mark.parametrize("boundary", ["b" * 10_000, '"quoted', "a b", "\u00e9"])
def test_an_odd_boundary_is_refused_and_breaks_nothing(boundary: str) -> None:
    with pytest.raises(BadUpload):
        taken(b"--x--\r\n", content_type=f"multipart/form-data; boundary={boundary}")


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(BadUpload):
        taken(noise)
    with pytest.raises(BadUpload):
        taken(f"--{BOUNDARY}\r\n".encode() + noise)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Giấy khai sinh.pdf", "Giấy khai sinh.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\An\\Giấy tờ.pdf", "Giấy tờ.pdf"),
        ("a/b\\c/d.pdf", "d.pdf"),
        ("..", ".."),
        ("", ""),
        ("/", ""),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("a\x00b\x1b[31m.pdf", "ab[31m.pdf"),
        ("gp\u202efdp.exe", "gpfdp.exe"),
        ("  a.pdf  ", "a.pdf"),
        ("x" * 500 + ".pdf", "x" * (FILE_NAME_MAX - 4) + ".pdf"),
    ],
)
def test_a_file_name_is_for_showing_and_never_a_path(sent: str, shown: str) -> None:
    """Control characters and turns of the writing direction hide what a name ends in."""
    assert clean_file_name(sent) == shown


def test_a_name_with_quotes_and_other_letters_arrives_whole() -> None:
    arriving = upload(body(part("file", b"x", 'Bản \\"sao\\" y.pdf')))
    list(arriving.chunks())
    assert arriving.file_name.endswith("y.pdf")
    arriving = upload(body(part("file", b"x", "Giấy.pdf").replace("Giấy".encode(), b"Gi\xff")))
    list(arriving.chunks())
    assert arriving.file_name == "Gi\ufffd.pdf"


def test_the_overhead_of_a_form_fits_beside_the_largest_file() -> None:
    fields = [part(f"f{n}", b"x" * 2000) for n in range(PARTS_MAX - 1)]
    assert sum(map(len, fields)) < OVERHEAD_MAX
    assert len(taken(body(*fields, part("file", b"x" * LIMIT, "a")))) == LIMIT
