"""`go.mod`."""

from holdfast.model.component import Location
from tests.facts.lockfiles.reading import gaps, read, rows

MODULE = """\
module example.org/shop

go 1.22.3
toolchain go1.22.5

require (
	example.org/a v1.2.3
	"example.org/quoted" v0.1.0
	example.org/b v0.0.0-20200922070232-aee5d888a860 // indirect
	example.org/c v2.0.0+incompatible // indirect; kept
	example.org/d v1.0.0 // not indirect
	// example.org/comment v9.9.9
)

require example.org/own v1.0.0

replace (
	example.org/a v1.2.3 => example.org/fork v1.2.4
	example.org/own => ../own
	example.org/unused => example.org/other v1.0.0
)

exclude example.org/d v1.0.0
retract v0.9.0
"""


def test_go_requirements_are_read_with_replacements_and_lines() -> None:
    parsed = read({"go.mod": MODULE})
    assert rows(parsed) == [
        ("example.org/fork", "v1.2.4", "registry", True, "runtime", 7),
        ("example.org/quoted", "v0.1.0", "registry", True, "runtime", 8),
        ("example.org/b", "v0.0.0-20200922070232-aee5d888a860", "registry", False, "runtime", 9),
        ("example.org/c", "v2.0.0+incompatible", "registry", False, "runtime", 10),
        ("example.org/own", "v1.0.0", "path", True, "runtime", 15),
    ]
    assert parsed.occurrences[0].locations == (Location("go.mod", 7), Location("go.mod", 18))


def test_go_excluded_requirement_is_unparsed() -> None:
    because = "`example.org/d v1.0.0` is required and excluded: Go takes a later version"
    assert gaps(read({"go.mod": MODULE})) == [(11, because)]


def test_go_directive_that_is_unknown_is_unparsed_once() -> None:
    parsed = read({"go.mod": "module m\ngo 1.20\nruire (\n\ta.b/c v1.0.0\n\ta.b/d v1.0.0\n)\nrequire a.b/e v1.0.0\n"})
    assert [row[0] for row in rows(parsed)] == ["a.b/e"]
    assert gaps(parsed) == [(3, "`ruire` is not a directive of go.mod: what stands there was not read")]


def test_go_requirement_without_version_is_unparsed() -> None:
    parsed = read({"go.mod": "module m\ngo 1.20\nrequire a.b/c latest\nrequire a.b/d\n"})
    assert [line for line, _ in gaps(parsed)] == [3, 4]


def test_go_block_that_is_not_closed_is_unparsed() -> None:
    parsed = read({"go.mod": "module m\ngo 1.20\nrequire (\n\ta.b/c v1.0.0\n"})
    assert [row[0] for row in rows(parsed)] == ["a.b/c"]
    assert [line for line, _ in gaps(parsed)] == [3]


def test_go_before_lazy_loading_takes_indirect_modules_from_the_sums() -> None:
    sums = "a.b/c v1.0.0 h1:00000000=\na.b/x v1.1.0 h1:00000000=\na.b/y v1.1.0/go.mod h1:00000000=\n"
    parsed = read({"go.mod": "module m\ngo 1.16\nrequire a.b/c v1.0.0\n", "go.sum": sums})
    assert rows(parsed)[1] == ("a.b/x", "v1.1.0", "registry", False, "runtime", 2)
    assert parsed.occurrences[1].locations[0].file == "go.sum"
    assert gaps(parsed) == []


def test_go_before_lazy_loading_without_sums_names_the_gap() -> None:
    parsed = read({"go.mod": "module m\n\nrequire a.b/c v1.0.0\n"})
    assert len(parsed.occurrences) == 1
    assert "before Go 1.17 indirect modules may be missing" in parsed.unparsed[0].because


def test_go_conflict_is_cut_out_and_the_rest_read() -> None:
    text = "module m\ngo 1.20\nrequire (\n"
    text += "<<<<<<< a\n\tx.y/a v1.0.0\n=======\n\tx.y/a v1.1.0\n>>>>>>> b\n\tx.y/b v1.0.0\n)\n"
    parsed = read({"go.mod": text})
    assert [row[0] for row in rows(parsed)] == ["x.y/b"]
    assert gaps(parsed) == [(4, "merge conflict markers: lines 4 to 8 were not read")]


def test_go_mod_that_requires_nothing_beside_sums_of_code_is_told() -> None:
    sums = "example.org/a v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    want = [(None, "nothing is required, and `go.sum` beside it has the code of 1 modules")]
    for cut in ("module example.org/x\n", "module example.org/x\n\ngo 1.22\n"):
        assert gaps(read({"go.mod": cut, "go.sum": sums})) == want
        assert gaps(read({"go.mod": cut, "go.sum": sums.replace(" h1", "/go.mod h1")})) == []
        assert gaps(read({"go.mod": cut})) == []
