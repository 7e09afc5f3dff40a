"""Only what runs nothing of the tree is ever run."""

import pytest

from holdfast.model.component import Component
from holdfast.remediations.locks import find_lock

LAMP = Component("npm", "lamp", "1.0.0")


@pytest.mark.parametrize(
    ("format_id", "is_edited", "text"),
    [
        ("package_lock_json", True, "npm install --package-lock-only --ignore-scripts --no-audit --no-fund"),
        ("package_lock_json", False, "npm update lamp --package-lock-only --ignore-scripts --no-audit --no-fund"),
        ("cargo_lock", True, "cargo update -p lamp@1.0.0 --precise 1.5.0"),
        ("go_mod", True, "go mod tidy"),
    ],
)
def test_a_lock_is_written_by_its_tool_without_scripts(format_id: str, is_edited: bool, text: str) -> None:
    lock = find_lock(format_id, LAMP, "1.5.0", is_edited=is_edited)
    assert lock is not None
    assert lock.text == text


def test_composer_runs_neither_scripts_nor_plugins() -> None:
    lock = find_lock("composer_lock", Component("Packagist", "a/lamp", "1.0.0"), "1.5.0", is_edited=False)
    assert lock is not None
    assert {"--no-scripts", "--no-plugins", "--no-install"} <= set(lock.argv)


@pytest.mark.parametrize(
    "format_id", ["gemfile_lock", "mix_lock", "podfile_lock", "gradle_lockfile", "yarn_lock", "uv_lock", "poetry_lock",
                  "pnpm_lock_yaml", "packages_lock_json", None],
)  # fmt: skip
def test_what_evaluates_the_project_is_only_printed(format_id: str | None) -> None:
    assert find_lock(format_id, LAMP, "1.5.0", is_edited=True) is None


@pytest.mark.parametrize("name", ["-g", "$(reboot)", "a b"])
def test_a_hostile_name_is_never_an_argument(name: str) -> None:
    assert find_lock("package_lock_json", Component("npm", name, "1.0.0"), "1.5.0", is_edited=False) is None
