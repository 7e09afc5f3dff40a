"""The house stays as drawn: sizes, the time, the words that nobody may use."""

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "holdfast"
MODULES = sorted(SOURCE.rglob("*.py"))
BELOW_EDGES = [path for path in MODULES if path.relative_to(SOURCE).parts[0] not in {"edges", "testing", "app"}]
REGISTRY_HOSTS = re.compile(
    r"files\.pythonhosted\.org|(?<![a-z])pypi\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|deb\.debian\.org"
    r"|(?:proxy|sum)\.golang\.org|(?:static|index)\.crates\.io|repo1?\.maven\."
)


def _functions() -> list[tuple[str, int]]:
    out = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                out.append((f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}", length))
    return out


def test_modules_stay_short() -> None:
    lengths = {str(path.relative_to(SOURCE)): path.read_text().count("\n") for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > 500} == {}
    assert sum(lines > 350 for lines in lengths.values()) <= len(lengths) * 0.05


def test_functions_stay_short() -> None:
    functions = _functions()
    assert [name for name, length in functions if length > 80] == []
    assert sum(length > 45 for _, length in functions) <= len(functions) * 0.05
    assert statistics.median(length for _, length in functions) <= 12


def test_nobody_below_the_edges_reads_the_clock() -> None:
    clock = re.compile(r"datetime\.(now|utcnow|today)\(|time\.(time|monotonic|perf_counter)\(")
    found = [str(path.relative_to(SOURCE)) for path in BELOW_EDGES if clock.search(path.read_text())]
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(SOURCE))
        for path in MODULES
        if "migrations/versions" not in str(path) and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_errors_are_caught_narrowly() -> None:
    """One place may catch every kind, by decision 0016."""
    wide = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                name = node.type.id if isinstance(node.type, ast.Name) else None
                if node.type is None or name in {"Exception", "BaseException"}:
                    wide.append(str(path.relative_to(SOURCE)))
    assert wide == ["loop/unforeseen.py"]


def test_module_names_say_something() -> None:
    vague = {"utils", "helpers", "common", "manager", "base", "misc"}
    assert [path.name for path in MODULES if path.stem in vague] == []


def _tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\n") if name]


def test_no_file_names_a_package_registry() -> None:
    found = []
    for path in _tracked():
        if path == Path(__file__) or not path.is_file() or path.stat().st_size > 5_000_000:
            continue
        if REGISTRY_HOSTS.search(path.read_text(errors="ignore")):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_requirements_are_pinned_by_hash() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        pins = [line for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
        assert pins, path.name
        assert [pin for pin in pins if "==" not in pin or not pin.endswith("\\")] == [], path.name


def test_every_runtime_dependency_says_why() -> None:
    page = (ROOT / "docs/decisions/dependencies.md").read_text()
    declared = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.S | re.M)
    assert declared
    names = re.findall(r'"([a-z0-9-]+)', declared.group(1))
    assert [name for name in names if f"| {name} |" not in page] == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
