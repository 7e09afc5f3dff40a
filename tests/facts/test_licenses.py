"""What files say of licences."""

import pytest

from holdfast.facts.licenses import license_texts, python_licenses


def test_licences_are_texts_that_name_one_each_once() -> None:
    given = [" MIT ", None, 5, "NOASSERTION", "none", "", "MIT", "a\nb", "x" * 600, "Apache-2.0 OR MIT"]
    assert license_texts(given) == ("MIT", "Apache-2.0 OR MIT")


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "found"),
    [
        ("MIT AND ISC", "see file", ["License :: OSI Approved :: MIT License"], ("MIT AND ISC",)),
        ("", "BSD", ["License :: OSI Approved", "License :: OSI Approved :: MIT License"], ("MIT",)),
        ("", "BSD", ["License :: OSI Approved :: BSD License"], ("BSD License",)),
        ("", "BSD", ["Topic :: Internet"], ("BSD",)),
        ("", "a whole\ntext", [], ()),
    ],
)
def test_python_licence_is_the_most_exact_one(
    expression: str, text: str, classifiers: list[str], found: tuple[str, ...]
) -> None:
    assert python_licenses(expression, text, classifiers) == found
