"""What files say of licences."""

import pytest

from holdfast.facts.licenses import is_expression, license_texts, python_licenses


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


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("MIT", True),
        ("(MIT OR Apache-2.0) AND ISC", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("mit", False),
        ("Own terms", False),
        ("MIT OR", False),
        ("LicenseRef-x", False),
        ("(", False),
        ("", False),
    ],
)
def test_expression_is_one_over_identifiers_of_spdx(text: str, holds: bool) -> None:
    assert is_expression(text) is holds
