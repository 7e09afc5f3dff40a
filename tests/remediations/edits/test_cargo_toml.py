"""`Cargo.toml` is edited in the version alone."""

import pytest

from holdfast.errors import FactError
from holdfast.remediations.edits import Wanted
from tests.remediations.edits.editing import edited

WANTED = Wanted("crates.io", "lamp", "1.0.0", "1.5.0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[dependencies]\nlamp = "1.0"  # bright\n', '[dependencies]\nlamp = "1.5.0"  # bright\n'),
        ("[dev-dependencies]\r\nlamp='=1.0.0'", "[dev-dependencies]\r\nlamp='=1.5.0'"),
        (
            '[dependencies]\nlamp = { features = ["a"], version = "^1.0" }\n',
            '[dependencies]\nlamp = { features = ["a"], version = "^1.5.0" }\n',
        ),
        ('[dependencies.lamp]\nversion = "1"\ndefault-features = false\n',
         '[dependencies.lamp]\nversion = "1.5.0"\ndefault-features = false\n'),
        ("[target.'cfg(unix)'.dependencies]\nlamp = \"~1.0\"\n",
         "[target.'cfg(unix)'.dependencies]\nlamp = \"~1.5.0\"\n"),
        ('[workspace.dependencies]\nlamp = "1.0"\n', '[workspace.dependencies]\nlamp = "1.5.0"\n'),
        ('[dependencies]\nold = { package = "lamp", version = "1.0" }\n',
         '[dependencies]\nold = { package = "lamp", version = "1.5.0" }\n'),
        ('[dependencies]\nlamp = { package = "other", version = "1.0" }\n', None),
        ('[package]\nlamp = "1.0"\n[package.metadata.dependencies]\nlamp = "1.0"\n', None),
        ("[dependencies]\nlamp.workspace = true\n", None),
        ('[dependencies]\nlamp = "1.6"\n', None),
    ],
)  # fmt: skip
def test_a_requirement_is_raised_and_nothing_else(before: str, after: str | None) -> None:
    assert edited("cargo_toml", before, WANTED) == (before if after is None else after)


@pytest.mark.parametrize("written", [">=1.0, <1.4", "1.*", "1.0, 1.1"])
def test_what_forbids_it_or_is_not_understood_is_refused(written: str) -> None:
    with pytest.raises(FactError):
        edited("cargo_toml", f'[dependencies]\nlamp = "{written}"\n', WANTED)
