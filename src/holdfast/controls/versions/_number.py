"""Numbers of any length as bytes that sort as the numbers do.

No encoding is the beginning of another one, and none begins with the byte 0, which stays free as an end mark:

* 0 to 239: one byte, 1 to 240;
* up to 18 digits: 240 + n, then n bytes, big-endian;
* longer: 255, the count of digits in 8 bytes, then the digits.
"""

_ONE_BYTE = 240
_MANY_DIGITS = 255
_WORD_DIGITS = 18


def _encode(digits: str) -> bytes:
    digits = digits.lstrip("0")
    if len(digits) > _WORD_DIGITS:  # `int` refuses 4,301 digits, and is quadratic before
        return bytes((_MANY_DIGITS,)) + len(digits).to_bytes(8, "big") + digits.encode("ascii")
    number = int(digits or "0")
    if number < _ONE_BYTE:
        return bytes((number + 1,))
    size = (number.bit_length() + 7) // 8
    return bytes((_ONE_BYTE + size,)) + number.to_bytes(size, "big")


SMALL = {str(number): bytes((number + 1,)) for number in range(_ONE_BYTE)}
"""The encodings of one byte, by digits without leading zeros."""


def encode_number(digits: str) -> bytes:
    """Return the order-preserving encoding of ASCII digits; leading zeros do not count, no digits are 0."""
    return SMALL.get(digits) or _encode(digits)
