"""Which 32 bytes are an Ed25519 public key that binds its owner (RFC 8032 §5.1.3).

The library below takes any 32 bytes. For a point of small order anybody can make a signature that verifies over many
messages; a second spelling of one point would give one key two thumbprints. Neither is anybody's honest key.
"""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_Y_OF_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})
"""The y of the eight points of order 1, 2, 4 and 8, whatever the sign of x."""


def is_sound(encoded: bytes) -> bool:
    """Whether these bytes are the one spelling of a point on the curve that is not of small order."""
    if len(encoded) != 32:
        return False
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < _P and y not in _SMALL_ORDER and _on_curve(y)


def _on_curve(y: int) -> bool:
    """x² = (y² - 1) / (d·y² + 1) has a root (Euler's criterion); x is 0 for small orders alone, which are out."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return pow(square, (_P - 1) // 2, _P) == 1
