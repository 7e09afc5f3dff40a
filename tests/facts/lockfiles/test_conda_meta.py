"""`conda-meta/*.json`."""

from tests.facts.lockfiles.reading import gaps, read, rows

RECORD = """\
{
  "name": "openssl",
  "version": "3.1.0",
  "build": "h0b41bf4_3",
  "channel": "https://registry.example/conda-forge/linux-64",
  "requested_spec": "openssl"
}
"""
SAMPLE = ("opt/env/conda-meta/openssl-3.1.0-h0b41bf4_3.json", RECORD)


def test_conda_package_is_conda_s_own_and_direct_when_somebody_asked_for_it() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [("openssl", "3.1.0", "registry", True, "runtime", 1)]
    assert parsed.occurrences[0].component.purl == "pkg:conda/openssl@3.1.0"


def test_conda_package_that_nobody_asked_for_is_not_direct_and_without_the_word_it_is_unknown() -> None:
    asked = {"conda-meta/a.json": RECORD.replace('"openssl"\n', '""\n')}
    older = {"conda-meta/a.json": '{"name": "a", "version": "1"}'}
    assert [rows(read(files))[0][3] for files in (asked, older)] == [False, None]


def test_conda_package_from_pypi_is_pypi_s() -> None:
    parsed = read({"conda-meta/a.json": '{"name": "Some_Name", "version": "1", "channel": "pypi"}'})
    assert parsed.occurrences[0].component.purl == "pkg:pypi/some-name@1"


def test_conda_record_without_version_is_unparsed() -> None:
    parsed = read({"conda-meta/a.json": '{"name": "a"}'})
    assert gaps(parsed) == [(1, "a package whose name or version is not text: 'a' None")]
