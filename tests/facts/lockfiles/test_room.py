"""The room of lock file formats as a whole: it loads, and no parser ever breaks on what it reads."""

import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.composition import read_file
from holdfast.facts.lockfiles import LockfileSpec
from holdfast.facts.lockfiles._patterns import PATTERNS
from holdfast.model.component import ParsedFile
from holdfast.registry import load_room
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles import (
    test_cargo_lock,
    test_cyclonedx_json,
    test_go_mod,
    test_go_sum,
    test_package_lock_json,
    test_poetry_lock,
    test_python_environment,
    test_requirements_txt,
    test_uv_lock,
)

SPECS: tuple[LockfileSpec, ...] = load_room("facts.lockfiles")
VALID: dict[str, tuple[str, str | bytes]] = {
    "cargo_lock": ("Cargo.lock", test_cargo_lock.LOCK),
    "cyclonedx_json": ("bom.json", test_cyclonedx_json.DOCUMENT),
    "go_mod": ("go.mod", test_go_mod.MODULE),
    "go_sum": ("go.sum", test_go_sum.SUMS),
    "package_lock_json": ("package-lock.json", test_package_lock_json.V3),
    "poetry_lock": ("poetry.lock", test_poetry_lock.LOCK),
    "python_environment": ("a-1.dist-info/METADATA", test_python_environment.METADATA),
    "requirements_txt": ("requirements.txt", test_requirements_txt.MIXED),
    "uv_lock": ("uv.lock", test_uv_lock.LOCK),
}
for _tests in (f"tests.facts.lockfiles.test_{spec.id}" for spec in SPECS if spec.id not in VALID):
    if find_spec(_tests) and hasattr(import_module(_tests), "SAMPLE"):  # a test's own `SAMPLE = (file, content)`
        VALID[_tests.rpartition("test_")[2]] = import_module(_tests).SAMPLE


def _sample(format_id: str) -> tuple[str, bytes]:
    file, content = VALID[format_id]
    return file, content.encode() if isinstance(content, str) else content


NASTY = st.sampled_from(
    [b"\x00", b"\x1b[31m", b"<<<<<<< HEAD\n", b"\xff", b'"', b"[", b"]", b"{", b"}", b"=", b"\r", b"9" * 5000]
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_room_has_a_valid_sample_of_every_format() -> None:
    assert {spec.id for spec in SPECS} == set(VALID)


def _answers(spec: LockfileSpec, file: str, data: bytes) -> ParsedFile | None:
    """Parse, and hold the parser to its word: an answer without control characters, or an error that names the file."""
    parsed = None
    try:
        parsed = spec.parse(file, data, MemoryTree({file: data}))
    except FactError as error:
        where = error.where or ""
    else:
        where = file
    assert where.startswith(file)
    if parsed is None:
        return None
    assert parsed.file == file
    assert parsed.format == spec.id
    assert all(gap.because.isprintable() for gap in parsed.unparsed)
    assert all(place.line is None or place.line >= 1 for one in parsed.occurrences for place in one.locations)
    assert len({one.component for one in parsed.occurrences}) == len(parsed.occurrences)
    return parsed


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
@QUICK
@given(data=st.binary(max_size=400))
def test_parser_answers_or_raises_fact_error_on_any_bytes(spec: LockfileSpec, data: bytes) -> None:
    _answers(spec, VALID[spec.id][0], data)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
@QUICK
@given(data=st.data())
def test_parser_answers_or_raises_fact_error_on_a_damaged_file(spec: LockfileSpec, data: st.DataObject) -> None:
    file, damaged = _sample(spec.id)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged)))
        until = data.draw(st.integers(at, min(len(damaged), at + 40)))
        damaged = damaged[:at] + data.draw(NASTY | st.binary(max_size=6)) + damaged[until:]
    _answers(spec, file, damaged)


@pytest.mark.parametrize(
    "format_id",
    [
        *("package_lock_json", "cyclonedx_json", "poetry_lock", "bun_lock", "composer_lock", "deno_lock"),
        *("installed_json", "mix_lock", "package_resolved", "gemfile_lock"),
    ],
)
def test_format_with_an_end_of_its_own_reports_every_cut(format_id: str) -> None:
    spec = next(spec for spec in SPECS if spec.id == format_id)
    file, data = _sample(format_id)
    whole = _answers(spec, file, data)
    assert whole is not None
    for end in range(1, len(data) - 2):
        cut = _answers(spec, file, data[:end])
        assert cut is None or cut.unparsed or len(cut.occurrences) == len(whole.occurrences)


@pytest.mark.parametrize("text", [" " * 10**6, "[" * 10**6, '\\"' * 10**6, "a-1" * 10**6, "a==" + "1." * 10**6])
@pytest.mark.parametrize("file", ["requirements.txt", "go.mod", "go.sum", "uv.lock", "package-lock.json"])
def test_line_of_a_million_characters_takes_no_time(file: str, text: str) -> None:
    started = time.process_time()
    parsed = read_file(MemoryTree({file: f"{text} #\n{text}\n"}), file)
    assert parsed is not None
    assert parsed.occurrences == ()
    assert time.process_time() - started < 5


def test_names_that_attack_terminals_are_refused_and_markup_and_formulas_kept_as_they_are() -> None:
    names = ["\x1b]0;owned\x07", "a\u202eb", "<script>alert(1)</script>", "=HYPERLINK(1)", "a\u0000b"]
    entries = ",".join(f'"node_modules/{i}": {{"name": {_json(name)}, "version": "1"}}' for i, name in enumerate(names))
    tree = MemoryTree({"package-lock.json": f'{{"lockfileVersion": 3, "packages": {{{entries}}}}}'})
    parsed = read_file(tree, "package-lock.json")
    assert parsed is not None
    assert [one.component.name for one in parsed.occurrences] == ["<script>alert(1)</script>", "=HYPERLINK(1)"]
    assert len(parsed.unparsed) == 3


def _json(text: str) -> str:
    return '"' + "".join(f"\\u{ord(sign):04x}" for sign in text) + '"'


def test_shortcut_to_patterns_says_what_the_readers_say() -> None:
    assert {spec.id: spec.patterns for spec in SPECS if spec.id in PATTERNS} == PATTERNS


def test_reader_is_not_loaded_before_it_has_a_file_to_read() -> None:
    program = (
        "import sys; from holdfast.facts.composition import read_file; from holdfast.testing.trees import MemoryTree; "
        "read_file(MemoryTree({'uv.lock': 'version = 1'}), 'uv.lock'); "
        "print(sorted(name for name in sys.modules if name.startswith('holdfast.facts.lockfiles.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "holdfast.facts.lockfiles.uv_lock" in loaded
    assert "holdfast.facts.lockfiles.pom_xml" not in loaded
