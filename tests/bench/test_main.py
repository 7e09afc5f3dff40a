"""What `make bench ARGS=...` takes."""

import pytest
from benchmarks.__main__ import main


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("nothing", "unknown: nothing; one of cold, compiled"),
        ("peers:nothing", "unknown: peers:nothing; of peers there is pypi, go, cargo, real, sbom, image"),
        ("cold:sbom", "unknown: cold:sbom; of cold there is the whole alone"),
    ],
)
def test_what_is_no_part_ends_with_what_there_is(argument: str, told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        main([argument])
