"""Public keys that nobody owns: small order, another spelling, no point at all. Arithmetic written again here."""

from hypothesis import given
from hypothesis import strategies as st

from sharing.keys import SigningKey
from sharing.points import is_sound

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
L = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]


def plus(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P
    return x, y


def times(n: int, a: Point) -> Point:
    result = (0, 1)
    for bit in bin(n)[2:]:
        result = plus(result, result)
        if bit == "1":
            result = plus(result, a)
    return result


def root(y: int) -> int | None:
    """An x for this y (RFC 8032 §5.1.3)."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    for x in (x0 := pow(square, (P + 3) // 8, P), x0 * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square:
            return x
    return None


def encode(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def torsion() -> set[Point]:
    """All points whose order divides 8: what is left of any points after the group's great order."""
    found = set()
    for y in range(2, 40):
        x = root(y)
        if x is not None:
            small = times(L, (x, y))
            found |= {times(n, small) for n in range(8)}
    return found


def test_each_point_of_small_order_is_refused_with_either_sign() -> None:
    points = torsion()
    assert len(points) == 8
    assert all(times(8, point) == (0, 1) for point in points)
    for _, y in points:
        assert not is_sound(encode(y))
        assert not is_sound(encode(y, 1))


def test_every_second_spelling_is_refused() -> None:
    for y in range(P, 2**255):
        assert not is_sound(encode(y))
        assert not is_sound(encode(y, 1))
    assert not is_sound(bytes(31))
    assert not is_sound(encode(9) + b"\0")


@given(y=st.integers(2, P - 2))
def test_what_is_taken_is_what_lies_on_the_curve(y: int) -> None:
    assert is_sound(encode(y)) == is_sound(encode(y, 1)) == (root(y) is not None)


@given(seed=st.binary(min_size=32, max_size=32))
def test_every_honest_key_is_taken(seed: bytes) -> None:
    assert is_sound(SigningKey.from_private_bytes(seed)._private.public_key().public_bytes_raw())
