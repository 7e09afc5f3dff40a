"""The operator's own commands: the suite of deployers over a real program, and what is refused."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.edges.providers.deployers.command import SPEC, CommandDeployer
from holdfast.edges.providers.processes import Ended, Processes, SystemProcesses
from holdfast.edges.providers.target_spec import Tools
from holdfast.errors import ActionError, FencedError
from holdfast.model.target import Target
from holdfast.ports.deployer import Deployed
from holdfast.testing.clocks import FakeClock
from holdfast.testing.deployers import Cut, DeployerSuite
from holdfast.testing.http import FakeHttp
from tests.waiting import wait_until

PROGRAM = """
import json, os, pathlib, sys

root, verb = pathlib.Path(sys.argv[1]), sys.argv[2]
version = sys.argv[3] if len(sys.argv) > 3 else None
print("a word that is no data", file=sys.stderr)
state = json.loads((root / "state.json").read_text())
if verb == "read":
    print(json.dumps(state))
elif verb == "versions":
    print(json.dumps(["1.0", "2.0", "sick"]))
elif verb == "has":
    sys.exit(0 if version in ("1.0", "2.0", "sick") else 1)
elif verb == "switch":
    fences = root / "fences.json"
    known = json.loads(fences.read_text()) if fences.exists() else {}
    run, fence = os.environ["HOLDFAST_KEY"].partition("/")[0], int(os.environ["HOLDFAST_FENCE"])
    if fence < known.get(run, fence):
        sys.exit(3)
    fences.write_text(json.dumps({**known, run: fence}))
    with (root / "log").open("a") as log:
        log.write(json.dumps(sys.argv[3:]) + chr(10))
    state = {"version": version, "healthy": version != "sick", "wanted": version, "detail": "started"}
    (root / "state.json").write_text(json.dumps(state))
"""


@dataclass
class Cutting:
    """Starts programs, and ends the process that deploys right after the one it was told of."""

    cutting: bool = False
    inner: Processes = field(default_factory=SystemProcesses)

    def run(self, argv: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> Ended:
        done = self.inner.run(argv, variables=variables, timeout_s=timeout_s)
        if self.cutting and "switch" in argv:
            self.cutting = False
            raise Cut
        return done


def entry(root: Path, **options: object) -> Target:
    """Return an entry whose commands are the program in the folder."""

    def words(verb: str, *more: str) -> list[str]:
        return [sys.executable, str(root / "deploy.py"), str(root), verb, *more]

    given = {
        "read": words("read"),
        "versions": words("versions"),
        "has": words("has", "{version}"),
        "switch": words("switch", "{version}", "--key={key}/{fence}"),
        **options,
    }
    pairs = tuple(sorted((name, json.dumps(value)) for name, value in given.items() if value is not None))
    return Target("deployers", "shop", "command", None, None, pairs, "targets.yaml:1")


def open_deployer(root: Path, **options: object) -> CommandDeployer:
    """Open it as a server would."""
    tools = Tools(FakeHttp(), FakeClock(), root / "data", lambda reference: reference)
    opened = SPEC.open(entry(root, **options), tools)
    assert isinstance(opened, CommandDeployer)
    return opened


@dataclass
class CommandRig:
    root: Path
    processes: Cutting = field(default_factory=Cutting)

    def open(self) -> CommandDeployer:
        opened = open_deployer(self.root)
        return CommandDeployer(
            opened.name,
            opened.target,
            opened.verbs,
            self.processes,
            opened.ledger,
            opened.timeout_s,
        )

    def settle(self, version: str) -> Deployed:
        seen = self.open().read()
        assert seen.version == version
        return seen

    def pointer(self) -> object:
        return json.loads((self.root / "state.json").read_text())["wanted"]

    def starts(self) -> int:
        log = self.root / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def cut_next(self) -> None:
        self.processes.cutting = True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "deploy.py").write_text(PROGRAM)
    state = {"version": "1.0", "healthy": True, "wanted": "1.0", "detail": "started"}
    (tmp_path / "state.json").write_text(json.dumps(state))
    return tmp_path


class TestCommand(DeployerSuite):
    @pytest.fixture
    def rig(self, root: Path) -> CommandRig:
        return CommandRig(root)


def test_words_are_filled_in_and_stay_one_argument(root: Path) -> None:
    open_deployer(root).switch("2.0", "run_1/1 $(reboot); {version}", 3)
    assert json.loads((root / "log").read_text()) == ["2.0", "--key=run_1/1 $(reboot); {version}/3"]


def test_without_has_the_list_of_versions_decides(root: Path) -> None:
    with pytest.raises(ActionError, match=r"`3\.0` is not there whole"):
        open_deployer(root, has=None).switch("3.0", "run_1/1", 1)
    assert not (root / "log").exists()


def test_the_commands_own_word_of_a_higher_fence_is_believed(root: Path) -> None:
    """Another replica switched with a higher fence: only the command knows."""
    open_deployer(root).switch("2.0", "run_1/1", 5)
    shutil.rmtree(root / "data")
    with pytest.raises(FencedError):
        open_deployer(root).switch("1.0", "run_1/2", 4)
    assert json.loads((root / "state.json").read_text())["version"] == "2.0"


@pytest.mark.parametrize(
    ("printed", "because"),
    [
        ("no json", "printed no JSON"),
        ("[]", "printed no JSON object"),
        ('{"version": 2}', "expected a text `version`"),
        ('{"version": "1", "healthy": "yes"}', "a boolean `healthy`"),
    ],
)
def test_an_answer_of_another_shape_is_refused(root: Path, printed: str, because: str) -> None:
    deployer = open_deployer(root, read=["printf", "%s", printed])
    with pytest.raises(ActionError, match=because):
        deployer.read()
    assert because in (deployer.find_problem() or "")


def test_versions_of_another_shape_are_refused(root: Path) -> None:
    with pytest.raises(ActionError, match="no JSON list of texts"):
        open_deployer(root, versions=["echo", '[1, "2.0"]']).versions()
    assert open_deployer(root, versions=["echo", '["2.0", "--all", "a/b"]']).versions() == ["2.0"]


def test_what_fails_says_its_last_line(root: Path) -> None:
    failing = ["sh", "-c", "echo first >&2; echo the cluster is gone >&2; exit 4"]
    with pytest.raises(ActionError, match="`read` of `shop` ended with 4: the cluster is gone"):
        open_deployer(root, read=failing).read()
    with pytest.raises(ActionError, match="ended with 4"):
        open_deployer(root, switch=failing).switch("2.0", "run_1/1", 1)
    assert open_deployer(root).read().wanted is None, "it was begun, and is not done"


def test_what_hangs_is_killed_with_its_children(root: Path) -> None:
    hanging = ["sh", "-c", f"sleep 60 & echo $! > {root}/pid; wait"]
    with pytest.raises(ActionError, match=r"did not end within 0\.5 s"):
        open_deployer(root, read=hanging, timeout="0.5s").read()
    pid = int((root / "pid").read_text())
    status = Path(f"/proc/{pid}/stat")
    wait_until(lambda: _has_ended(status), "its child has ended")
    assert _has_ended(status)


def _has_ended(status: Path) -> bool:
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_program_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(ActionError, match="`/no/such/program` did not start"):
        open_deployer(root, read=["/no/such/program"]).read()


def test_where_wanted_is_left_out_the_version_stands_for_it(root: Path) -> None:
    deployer = open_deployer(root, read=["echo", '{"version": "1.0", "healthy": true}'])
    assert deployer.read().wanted == "1.0"


def test_programs_get_no_variable_of_ours(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TOKEN", "secret")
    script = 'test -z "$HOLDFAST_TOKEN" && echo \'{"version": "1.0"}\''
    assert open_deployer(root, read=["sh", "-c", script]).read().version == "1.0"


def test_an_entry_is_checked_before_it_is_opened(root: Path) -> None:
    assert SPEC.check(entry(root)) == []
    assert SPEC.check(entry(root, switch=["deploy"])) == ["`switch` has no argument with `{version}`"]
    assert SPEC.check(entry(root, read=[])) == ["`read` names no program"]
