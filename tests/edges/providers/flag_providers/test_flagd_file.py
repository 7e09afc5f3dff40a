"""flagd's file source: a JSON or YAML file on disk."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from holdfast.edges.providers.flag_providers._flagd import Flagd
from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers.flagd_file import SPEC, FileSource
from holdfast.errors import ActionError
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, Kill, worlds_of
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.flag_providers.documents import FLAG, JSON, OTHER, SAFE, YAML


def load(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    text = path.read_text()
    loaded: dict[str, dict[str, dict[str, object]]] = (
        json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    )
    return loaded


def served(path: Path) -> str | None:
    """Return what an evaluator would serve to nobody in particular."""
    value = load(path)["flags"][FLAG]
    return None if value["state"] != "ENABLED" or value.get("targeting") else str(value["defaultVariant"])


def provider_of(path: Path) -> Flagd:
    return Flagd("flagd", FileSource(path), None)


@contextmanager
def without(path: Path) -> Iterator[FlagProvider]:
    """Give a provider whose file is not there."""
    yield provider_of(path.with_name("gone" + path.suffix))


@contextmanager
def spoiled(path: Path, text: str) -> Iterator[FlagProvider]:
    """Give a provider whose file says something else."""
    other = path.with_name("spoiled" + path.suffix)
    other.write_text(text)
    yield provider_of(other)


@contextmanager
def silent(path: Path, status: int) -> Iterator[FlagProvider]:
    """Give a provider whose flagd does not answer as it should."""
    with answering(status) as url:
        rest = Rest("flagd", url, dict)
        yield Flagd("flagd", FileSource(path.with_name("gone.json")), rest)
        rest.close()


def system_of(path: Path) -> FlagSystem:
    return FlagSystem(
        flag=FLAG,
        safe=SAFE,
        other=OTHER,
        open_world=worlds_of(lambda: provider_of(path)),
        state=path.read_bytes,
        seen=lambda: served(path),
        troubles={
            "gone": lambda: without(path),
            "half written": lambda: spoiled(path, '{"flags": {"receipts": {'),
            "something else": lambda: spoiled(path, "[1, 2]"),
            "no flags": lambda: spoiled(path, '{"flags": 3}'),
            "flagd does not answer": lambda: silent(path, 500),
        },
    )


@pytest.fixture(params=["json", "yaml"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / f"flags.{request.param}"
    file.write_bytes((JSON if request.param == "json" else YAML).encode())
    return file


class TestConformance(FlagProviderSuite):
    @pytest.fixture
    def system(self, path: Path) -> FlagSystem:
        return system_of(path)


def test_only_the_one_flag_is_written_anew(path: Path) -> None:
    before = path.read_text()
    provider_of(path).force(FLAG, SAFE)
    after = path.read_text()
    start = before.index("{", before.index("receipts")) if path.suffix == ".json" else before.index("state: ENABLED\n")
    assert after.startswith(before[:start])
    assert after.endswith(before[before.index("# the last one" if path.suffix == ".yaml" else '    "after"') :])
    assert load(path)["flags"]["after"] == {"state": "DISABLED", "variants": {"a": 1, "b": 2.5}, "defaultVariant": "a"}


def test_people_who_read_the_file_see_who_holds_the_flag(path: Path) -> None:
    provider_of(path).force(FLAG, SAFE)
    value = load(path)["flags"][FLAG]
    assert value["metadata"]["heldBy"] == "Holdfast"  # type: ignore[index]  # JSON, read by the test
    assert (value["state"], value["targeting"]) == ("ENABLED", {})


def test_what_is_disabled_is_never_what_is_forced(path: Path) -> None:
    provider_of(path).force("after", "b")
    value = load(path)["flags"]["after"]
    assert (value["state"], value["defaultVariant"]) == ("ENABLED", "b")


def test_change_of_another_flag_meanwhile_stays(path: Path) -> None:
    kill = Kill(system_of(path), 1)
    kill.lay()
    changed = path.read_text().replace("2.50", "99")
    path.write_text(changed)
    kill.lift()
    original = JSON if path.suffix == ".json" else YAML
    assert path.read_text() == original.replace("2.50", "99")


def test_change_of_the_flag_meanwhile_stays_and_only_the_force_comes_off(path: Path) -> None:
    before = load(path)["flags"][FLAG]
    kill = Kill(system_of(path), 1)
    kill.lay()
    held = provider_of(path).read(FLAG)
    assert held is not None
    text = path.read_text().replace('"none": {}', '"none": {}, "new": {}')
    assert '"new"' in text
    path.write_text(text)
    kill.lift()
    value = load(path)["flags"][FLAG]
    assert value["variants"] == {**before["variants"], "new": {}}  # type: ignore[dict-item]  # JSON, read by the test
    assert {name: value.get(name) for name in ("state", "defaultVariant", "targeting", "metadata")} == {
        name: before.get(name) for name in ("state", "defaultVariant", "targeting", "metadata")
    }


def test_flag_that_was_written_anew_meanwhile_stays_as_it_is(path: Path) -> None:
    """A deployment put its own file there while the flag was held."""
    kill = Kill(system_of(path), 1)
    kill.lay()
    newer = (JSON if path.suffix == ".json" else YAML).replace("DISABLED", "ENABLED")
    path.write_text(newer)
    kill.lift()
    assert path.read_text() == newer


def test_flag_that_is_gone_meanwhile_is_no_trouble(path: Path) -> None:
    kill = Kill(system_of(path), 1)
    kill.lay()
    path.write_text(path.read_text().replace("receipts", "renamed"))
    kill.lift()
    assert "renamed" in load(path)["flags"]


def test_file_keeps_its_mode_and_a_link_stays_a_link(path: Path) -> None:
    path.chmod(0o640)
    link = path.with_name("link" + path.suffix)
    link.symlink_to(path)
    provider_of(link).force(FLAG, SAFE)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert served(path) == SAFE
    assert sorted(one.name for one in path.parent.iterdir()) == sorted([path.name, link.name])


def test_anchor_that_others_use_is_never_torn_out(tmp_path: Path) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(
        "flags:\n  receipts: &one\n    state: ENABLED\n    variants: {full: 1, none: 0}\n    defaultVariant: full\n"
        "  copy: *one\n"
    )
    before = path.read_text()
    with pytest.raises(ActionError):
        provider_of(path).force("receipts", "none")
    assert path.read_text() == before


def test_windows_line_ends_and_a_block_of_text_come_back(tmp_path: Path) -> None:
    path = tmp_path / "flags.yaml"
    text = YAML.replace("    defaultVariant: full\n", "    defaultVariant: full\n    note: |\n      two\n      lines\n")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    before = path.read_bytes()
    kill = Kill(system_of(path), 1)
    kill.lay()
    assert served(path) == SAFE
    kill.lift()
    assert path.read_bytes() == before


def test_folder_that_can_not_be_written_to_is_a_problem(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "can't be written to" in (provider_of(path).find_problem() or "")


def test_adapter_says_what_it_needs() -> None:
    assert [one.name for one in SPEC.options if one.required] == ["path"]
