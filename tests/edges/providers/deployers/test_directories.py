"""Release folders under the real supervisor: the suite of deployers, crashes at every point, and what is refused."""

import json
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.edges.providers.deployers._running import BySystemd
from holdfast.edges.providers.deployers.directories import SPEC, DirectoriesDeployer
from holdfast.edges.providers.processes import Ended
from holdfast.errors import ActionError
from holdfast.model.target import Target
from holdfast.ports.deployer import Deployed
from holdfast.testing.deployers import Cut, DeployerSuite
from tests.edges.providers.deployers.folders import FolderRig, kill, make_root, supervised, wait_for


@dataclass
class Idle:
    """Keeps nothing running."""

    restarts: int = 0
    problem: str | None = None

    def find_problem(self) -> str | None:
        return self.problem

    def restart(self) -> None:
        self.restarts += 1

    def read(self) -> Deployed:
        return Deployed("1.0", True, "idle")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[FolderRig]:
    with supervised(tmp_path / "srv") as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_root(tmp_path)
    return tmp_path


def idle(root: Path) -> DirectoriesDeployer:
    return DirectoriesDeployer("shop", "default", root, Idle())


class TestUnderSupervisor(DeployerSuite):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[FolderRig]:
        with supervised(tmp_path / "srv") as made:
            yield made


class Stop(BaseException):
    """The machine stopped."""


def test_a_crash_at_any_point_leaves_the_old_release_or_the_new(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change to the file system is a point; a fresh deployer then brings the same switch to its end."""
    calls = {"left": 0}

    def watched(name: str) -> None:
        real = getattr(Path, name)

        def around(self: Path, *given: object, **named: object) -> object:
            calls["left"] -= 1
            if calls["left"] == 0:
                raise Stop
            out = real(self, *given, **named)
            calls["left"] -= 1
            if calls["left"] == 0:
                raise Stop
            return out

        monkeypatch.setattr(Path, name, around)

    for name in ("unlink", "symlink_to", "replace"):
        watched(name)
    points = 0
    for point in range(1, 100):
        calls["left"] = point
        key = f"run_{point}/1"
        try:
            idle(root).switch("2.0", key, 1)
            crashed = False
        except Stop:
            crashed = True
        calls["left"] = 0
        assert (root / "current").readlink() in {Path("releases/1.0"), Path("releases/2.0")}
        idle(root).switch("2.0", key, 2)
        assert idle(root).read().wanted == "2.0"
        idle(root).switch("1.0", f"{key}/undo", 2)
        if not crashed:
            break
        points += 1
    assert points >= 8


def test_a_killed_process_leaves_a_link_that_leads_somewhere(root: Path) -> None:
    """Real processes that switch to and fro, each killed somewhere in between."""
    context = multiprocessing.get_context("fork")
    for number in range(15):
        process = context.Process(target=_switch_forever, args=(root, number))
        process.start()
        wait_for(lambda number=number: (root / f"began-{number}").exists(), "a switch")  # type: ignore[misc]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        folder = (root / "current").readlink()
        assert (root / folder / "VERSION").read_text() == folder.name
        idle(root).switch("2.0", f"after_{number}/1", 1)
        assert idle(root).read().wanted == "2.0"


def _switch_forever(root: Path, number: int) -> None:
    for turn in range(10_000):
        idle(root).switch("1.0" if turn % 2 else "2.0", f"run_{number}/{turn}", 1)
        (root / f"began-{number}").touch()


def test_a_supervisor_that_was_killed_takes_its_process_with_it_and_the_next_goes_on(rig: FolderRig) -> None:
    from tests.edges.providers.deployers.folders import start_supervisor

    rig.open().switch("2.0", "run_1/1", 1)
    kill(rig.process)
    seen = rig.open().read()
    assert (seen.version, seen.wanted) == (None, "2.0")
    assert rig.open().find_problem() == f"no supervisor runs for {rig.root}"
    rig.process = start_supervisor(rig.root, rig.port)
    assert rig.settle("2.0").healthy


def test_a_process_of_the_old_release_that_still_answers_is_told(rig: FolderRig) -> None:
    """The supervisor says 2.0, the address still answers as 1.0: what the application says counts."""

    class Says(Idle):
        def read(self) -> Deployed:
            return Deployed("2.0", True, "it runs")

    deployer = DirectoriesDeployer("shop", "default", rig.root, Says(), rig.open().address)
    assert deployer.read().version == "1.0"


def test_a_cut_between_link_and_restart_restarts_with_the_next_call(root: Path) -> None:
    class Cutting(Idle):
        def restart(self) -> None:
            raise Cut

    with pytest.raises(Cut):
        DirectoriesDeployer("shop", "default", root, Cutting()).switch("2.0", "run_1/1", 1)
    assert (root / "current").readlink() == Path("releases/2.0")
    running = Idle()
    deployer = DirectoriesDeployer("shop", "default", root, running)
    assert deployer.read().wanted is None
    deployer.switch("2.0", "run_1/1", 1)
    deployer.switch("2.0", "run_1/1", 1)
    assert (running.restarts, deployer.read().wanted) == (1, "2.0")


@pytest.mark.parametrize(
    ("harm", "because"),
    [
        (lambda folder: (folder / "server.py").write_text("other"), "is not what was sealed"),
        (lambda folder: (folder / ".holdfast-release.json").unlink(), "has no seal"),
        (lambda folder: (folder / ".holdfast-release.json").write_text("{"), "can't be read"),
        (lambda folder: (folder / ".holdfast-release.json").write_text('{"schema": "x"}'), "of another kind"),
        (lambda folder: folder.rename(folder.with_name("2.1")), "has no seal"),
    ],
)
def test_a_release_that_is_not_whole_is_refused_with_the_reason(
    root: Path, harm: Callable[[Path], object], because: str
) -> None:
    harm(root / "releases" / "2.0")
    assert "2.0" not in idle(root).versions()
    with pytest.raises(ActionError, match=because):
        idle(root).switch("2.0", "run_1/1", 1)
    assert (root / "current").readlink() == Path("releases/1.0")


def test_a_folder_sealed_under_another_name_is_not_that_release(root: Path) -> None:
    (root / "releases" / "2.0").rename(root / "releases" / "2.1")
    assert idle(root).versions() == ["1.0", "sick"]


def test_a_seal_that_names_what_lies_outside_is_refused(root: Path) -> None:
    seal = root / "releases" / "2.0" / ".holdfast-release.json"
    document = json.loads(seal.read_text())
    document["files"]["../1.0/VERSION"] = "sha256:0"
    seal.write_text(json.dumps(document))
    with pytest.raises(ActionError, match="which is not in it"):
        idle(root).switch("2.0", "run_1/1", 1)


def test_a_link_that_leads_elsewhere_is_a_problem(root: Path) -> None:
    (root / "current").unlink()
    (root / "current").symlink_to("/tmp")
    assert "which is none of the releases" in (idle(root).find_problem() or "")
    (root / "current").unlink()
    (root / "current").mkdir()
    assert "is no link to a release" in (idle(root).find_problem() or "")


def test_a_memory_that_can_not_be_read_stops_it(root: Path) -> None:
    (root / "state").mkdir(exist_ok=True)
    (root / "state" / "deployer.json").write_text("no json")
    assert "can't be read" in (idle(root).find_problem() or "")
    with pytest.raises(ActionError, match="what was switched before can't be read"):
        idle(root).switch("2.0", "run_1/1", 1)
    assert (root / "current").readlink() == Path("releases/1.0")


@dataclass
class FakePrograms:
    """Answers `systemctl` as it was told to, and remembers what was asked."""

    shown: str
    asked: list[list[str]] = field(default_factory=list)
    status: int = 0

    def run(self, argv: Sequence[str], *, variables: object, timeout_s: float) -> Ended:
        self.asked.append(list(argv))
        return Ended(self.status, self.shown if argv[1] == "show" else "", "Unit not found.\n")


def test_systemd_is_asked_without_a_shell_and_the_version_is_where_the_process_works(root: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=root / "current") as process:
        shown = f"LoadState=loaded\nActiveState=active\nSubState=running\nMainPID={process.pid}\n"
        programs = FakePrograms(shown)
        deployer = DirectoriesDeployer("shop", "default", root, BySystemd(root, "shop.service", programs, 5.0))
        assert deployer.find_problem() is None
        deployer.switch("2.0", "run_1/1", 1)
        seen = deployer.read()
        process.kill()
    assert ["systemctl", "restart", "--no-block", "--", "shop.service"] in programs.asked
    names = "--property=LoadState,ActiveState,SubState,MainPID"
    assert ["systemctl", "show", names, "--", "shop.service"] in programs.asked
    assert (seen.version, seen.healthy, seen.wanted) == ("1.0", True, "2.0"), "it was started from the old release"
    assert seen.detail == "shop.service is active (running)"


def test_a_unit_that_fails_is_told(root: Path) -> None:
    dead = FakePrograms("LoadState=loaded\nActiveState=failed\nSubState=failed\nMainPID=0\n")
    seen = BySystemd(root, "shop.service", dead, 5.0).read()
    assert (seen.version, seen.healthy, seen.detail) == (None, False, "shop.service is failed (failed)")
    absent = BySystemd(root, "shop.service", FakePrograms("LoadState=not-found\n"), 5.0)
    assert absent.find_problem() == "systemd does not have the unit `shop.service`: not-found"
    refused = FakePrograms("", status=1)
    with pytest.raises(ActionError, match=r"systemctl restart of `shop\.service` ended with 1: Unit not found"):
        BySystemd(root, "shop.service", refused, 5.0).restart()
    assert "ended with 1" in (BySystemd(root, "shop.service", refused, 5.0).find_problem() or "")


def test_an_entry_is_checked_before_it_is_opened() -> None:
    def entry(**options: str) -> Target:
        pairs = tuple(sorted((name, json.dumps(value)) for name, value in options.items()))
        return Target("deployers", "shop", "directories", None, None, pairs, "targets.yaml:1")

    assert SPEC.check(entry(root="/srv", health="http://127.0.0.1/", version_at="/version")) == []
    assert SPEC.check(entry(root="/srv", version_at="version")) == [
        "`version_at` is no JSON pointer: `version`",
        "`version_at` without `health`",
    ]
