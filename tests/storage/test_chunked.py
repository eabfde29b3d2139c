"""Random access held against the published vectors.

The vectors are of the same document with SHA-256 in the key derivation; Cobblestone-256 has SHA-512. So the reader
is run with SHA-256 here, and `test_sealed` holds it with SHA-512 against the library.
"""

import base64
import hashlib
import json
import random
import zlib
from typing import Any

import cryptography_vectors
import pytest
from cryptography.cobblestone import Cobblestone256Encryptor
from cryptography.hazmat.primitives import hashes

from storage.chunked import CHUNK, HEADER, MOST_CHUNKS, SEALED_CHUNK, Reader, plain_size, sealed_size
from storage.errors import KeyUnusable, SealBroken, StorageError


def published() -> list[Any]:
    with cryptography_vectors.open_vector_file("chunked-encryption/vectors.json", "r") as file:
        vectors = json.load(file)["vectors"]
    return [vector for vector in vectors if vector["aead"] == "AEAD_AES_256_GCM"]


VECTORS = published()
by_name = pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])


def ciphertext(vector: Any) -> bytes:
    sealed = base64.b64decode(vector["ciphertext"] or "")
    return zlib.decompress(sealed) if vector.get("compressed") else sealed


def reader(vector: Any) -> Reader:
    sealed, key = ciphertext(vector), bytes.fromhex(vector["key"])
    return Reader(
        key,
        vector["context"].encode(),
        sealed[:HEADER],
        len(sealed),
        lambda at, n: sealed[at : at + n],
        hashes.SHA256(),
    )


def by_ranges(message: Reader, step: int) -> bytes:
    """Everything, but never through the stream of the whole: each range alone, the last one to the end."""
    return b"".join(message.read(at, step) for at in range(0, message.size, step)) + message.read(message.size, 1)


def test_there_are_vectors_of_both_sorts() -> None:
    assert {vector["expect"] for vector in VECTORS} == {"success", "failure"}
    assert len(VECTORS) > 30


@by_name
def test_a_published_vector_streams_as_expected(vector: Any) -> None:
    if vector["expect"] == "failure":
        with pytest.raises(StorageError) as refused:
            b"".join(reader(vector).stream())
        assert isinstance(
            refused.value, KeyUnusable if "_key" in vector["name"] and len(vector["key"]) != 64 else SealBroken
        )
    else:
        plain = b"".join(reader(vector).stream())
        assert (len(plain), hashlib.sha256(plain).hexdigest()) == (vector["payload_length"], vector["payload_sha256"])


@by_name
def test_a_published_vector_opens_by_ranges_as_expected(vector: Any) -> None:
    if vector["expect"] == "failure":
        with pytest.raises(StorageError):
            by_ranges(reader(vector), CHUNK - 1)
    else:
        plain = by_ranges(reader(vector), CHUNK - 1)
        assert (len(plain), hashlib.sha256(plain).hexdigest()) == (vector["payload_length"], vector["payload_sha256"])


@pytest.mark.parametrize("plain", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 70 * CHUNK + 7])
@pytest.mark.parametrize("context", [b"", b"test\x00context", bytes(100)])
def test_what_the_library_sealed_opens_by_ranges(plain: int, context: bytes) -> None:
    key = bytes(range(32))
    paper = random.Random(plain).randbytes(plain)  # noqa: S311 - a paper, not a key
    encryptor = Cobblestone256Encryptor(key, context)
    sealed = encryptor.update(paper) + encryptor.finalize()
    message = Reader(key, context, sealed[:HEADER], len(sealed), lambda at, n: sealed[at : at + n])
    assert message.size == plain
    assert b"".join(message.stream()) == by_ranges(message, CHUNK + 1) == paper


@pytest.mark.parametrize("plain", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 10 * CHUNK + 7])
def test_sizes_are_those_of_the_library(plain: int) -> None:
    encryptor = Cobblestone256Encryptor(bytes(32), b"")
    assert len(encryptor.update(bytes(plain)) + encryptor.finalize()) == sealed_size(plain)
    assert plain_size(sealed_size(plain)) == plain


def test_a_size_that_no_message_has_is_refused() -> None:
    possible = {sealed_size(plain) for plain in range(2 * CHUNK + 50)}
    for sealed in range(-1, HEADER + 2 * SEALED_CHUNK + 40):
        if sealed in possible:
            assert sealed_size(plain_size(sealed)) == sealed
        else:
            with pytest.raises(SealBroken):
                plain_size(sealed)


def test_a_message_of_more_chunks_than_nonces_is_refused() -> None:
    assert plain_size(HEADER + MOST_CHUNKS * SEALED_CHUNK - 1) == MOST_CHUNKS * CHUNK - 1
    with pytest.raises(SealBroken):
        plain_size(HEADER + MOST_CHUNKS * SEALED_CHUNK + 16)
    with pytest.raises(ValueError, match="negative"):
        sealed_size(-1)
