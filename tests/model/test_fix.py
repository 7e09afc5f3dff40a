"""What to type, and where."""

import pytest

from holdfast.model.component import Location
from holdfast.model.fix import Fix


@pytest.mark.parametrize(
    ("file", "command", "typed"),
    [
        ("Cargo.lock", "cargo update", "cargo update"),
        ("rs/a b/Cargo.lock", "cargo update", "cd 'rs/a b' && cargo update"),
        ("-x/Cargo.lock", "cargo update", "cd ./-x && cargo update"),
        ("rs/requirements.txt", "sed -i s/1/2/ rs/requirements.txt", "sed -i s/1/2/ rs/requirements.txt"),
        ("var/lib/dpkg/status", "apt-get update && apt-get install a", "apt-get update && apt-get install a"),
        ("a\nb/Cargo.lock", "cargo update", "cargo update"),
        ("rs/pom.xml", None, None),
    ],
)
def test_a_command_is_typed_at_the_top(file: str, command: str | None, typed: str | None) -> None:
    assert Fix("1", "a", command, Location(file, 1)).typed == typed
    assert Fix("1", "a", command, None).typed == command
