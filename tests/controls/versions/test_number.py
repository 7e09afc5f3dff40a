from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions._number import encode_number

numbers = st.integers(0, 1 << 80) | st.integers(230, 260) | st.integers(10**17, 10**19)


@given(numbers, numbers)
def test_number_bytes_sort_as_the_numbers(a: int, b: int) -> None:
    assert (encode_number(str(a)) < encode_number(str(b))) == (a < b)


@given(numbers, numbers)
def test_number_never_begins_another(a: int, b: int) -> None:
    assert a == b or not encode_number(str(b)).startswith(encode_number(str(a)))


@given(numbers, st.integers(0, 30))
def test_number_ignores_leading_zeros(a: int, zeros: int) -> None:
    assert encode_number("0" * zeros + str(a)) == encode_number(str(a))


def test_number_may_have_more_digits_than_int_reads() -> None:
    assert encode_number("9" * 9_999) < encode_number("1" + "0" * 9_999)


def test_number_leaves_the_byte_zero_free() -> None:
    assert all(encode_number(digits)[0] for digits in ("", "0", "239", "240", "1" * 40))
