"""An npm alias is raised under the name that the project gave it."""

from dataclasses import replace

import pytest

from holdfast.remediations.suggest import suggest_fix
from tests.remediations.test_suggest import occurrence, rules_of


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ((), "npm install --ignore-scripts old-lamp@npm:lamp@1.5.0"),
        (("house",), "npm update --ignore-scripts old-lamp"),
    ],
)
def test_alias_stays(path: tuple[str, ...], command: str) -> None:
    found = replace(occurrence("npm", "lamp", "1.0.0", "package-lock.json", path=path), alias="old-lamp")
    fix = suggest_fix(found, rules_of("npm", "lamp", "1.5.0"))
    assert fix is not None
    assert fix.command == command


def test_alias_that_something_else_asks_for_is_overridden_whole() -> None:
    found = replace(occurrence("npm", "lamp", "1.0.0", "package-lock.json", path=("house",)), alias="old-lamp")
    fix = suggest_fix(found, rules_of("npm", "lamp", "1.5.0"))
    assert fix is not None
    assert '"overrides": {"old-lamp": "npm:lamp@1.5.0"}' in fix.note


@pytest.mark.parametrize("alias", ["-g", "$(reboot)", "a b"])
def test_hostile_alias_gets_no_command(alias: str) -> None:
    found = replace(occurrence("npm", "lamp", "1.0.0", "package-lock.json"), alias=alias)
    fix = suggest_fix(found, rules_of("npm", "lamp", "1.5.0"))
    assert fix is not None
    assert fix.command is None
