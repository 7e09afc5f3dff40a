"""`go.sum`."""

from tests.facts.lockfiles.reading import gaps, read, rows

SUMS = "a.b/c v1.0.0 h1:00000000=\na.b/c v1.0.0/go.mod h1:00000000=\na.b/d v1.0.0/go.mod h1:00000000=\ncut\n"


def test_go_sum_alone_gives_modules_with_a_zip_hash() -> None:
    parsed = read({"go.sum": SUMS})
    assert rows(parsed) == [("a.b/c", "v1.0.0", "registry", None, "runtime", 1)]
    assert gaps(parsed) == [(4, "expected module, version and hash, got `cut`")]


def test_go_sum_with_a_module_file_beside_it_has_no_components() -> None:
    parsed = read({"x/go.sum": SUMS, "x/go.mod": "module m\ngo 1.22\n"})
    assert (rows(parsed), gaps(parsed)) == ([], [])


def test_go_sum_with_hashes_of_go_mod_files_alone_does_not_tell_what_is_built() -> None:
    parsed = read({"go.sum": "example.org/a v1.0.0/go.mod h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=\n"})
    assert rows(parsed) == []
    assert gaps(parsed) == [(None, "only hashes of `go.mod` files: which modules' code is built is not in it")]
