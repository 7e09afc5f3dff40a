"""Workers really killed and really frozen; what they did is counted by a process that knows nothing of them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from holdfast.loop.respond import request_run
from holdfast.model.plan import Step
from holdfast.model.run import RunState
from tests.e2e.engine_parts import STEPS
from tests.e2e.serving import wait_until
from tests.loop.shop import Shop, make_exposure, make_plan, open_shop

ROOT = Path(__file__).parents[2]
Process = subprocess.Popen[str]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def durable_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store is that outlives its process."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return str(tmp_path / "holdfast.db")


@contextmanager
def part(*arguments: str) -> Iterator[Process]:
    """Run a part as a process of its own; it ends with the context."""
    command = [sys.executable, "-m", "tests.e2e.engine_parts", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def read_line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


class Scene:
    """A store with one approved run of three requests, the target, and workers."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url, self._stack = url, stack
        target = stack.enter_context(part("target"))
        self.target = f"http://127.0.0.1:{read_line(target)}"
        verify = replace(make_plan().verify[0], url=f"{self.target}/checkout", interval_s=0.1, deadline_s=60.0)
        steps = tuple(Step("http", (("body", str(number)), ("target", "hook"))) for number in range(STEPS))
        self.shop: Shop = stack.enter_context(open_shop(make_plan(steps=steps, verify=(verify,)), url=url))
        with self.shop.write() as tx:
            tx.exposures.save([make_exposure()])
            self.run = request_run(tx, "exp_000001", None, "tok_1", self.shop.clock.now(), self.shop.ids).id

    def worker(self, *boundary: str) -> Process:
        """Start a worker."""
        process = self._stack.enter_context(part("worker", self._url, self.target, *boundary))
        assert read_line(process) == "ready"
        return process

    def effective(self) -> bool:
        return self.shop.run(self.run).state is RunState.EFFECTIVE

    def books(self) -> list[str]:
        """Return what reached the target."""
        with httpx.Client(trust_env=False) as client:
            done = client.get(f"{self.target}/books").json()["done"]
        return [str(key) for key in done]


@pytest.fixture
def scene(durable_url: str) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(durable_url, stack)


ONCE = [f"run/{number}" for number in range(1, STEPS + 1)]


def counted(scene: Scene) -> list[str]:
    return [key.replace(scene.run, "run") for key in scene.books()]


@pytest.mark.parametrize(
    "boundary", ["before-commit:intent/1", "before-act/2", "after-act/2", "before-commit:finish/3", "after-verify/0"]
)
def test_a_killed_worker_is_taken_over_and_everything_happens_once(scene: Scene, boundary: str) -> None:
    victim = scene.worker(boundary)
    assert read_line(victim) == f"at {boundary}"
    victim.kill()
    scene.worker()
    wait_until(scene.effective)
    assert counted(scene) == ONCE


@pytest.mark.parametrize("boundary", ["before-act/2", "after-act/2"])
def test_a_frozen_worker_is_fenced_out_when_it_wakes(scene: Scene, boundary: str) -> None:
    """It freezes beyond its lease; another one finishes; it wakes, and neither acts nor commits."""
    frozen = scene.worker(boundary)
    assert read_line(frozen) == f"at {boundary}"
    frozen.send_signal(signal.SIGSTOP)
    scene.worker()
    wait_until(scene.effective)
    kinds = scene.shop.kinds()
    assert frozen.stdin is not None
    frozen.stdin.write("\n")
    frozen.stdin.flush()
    frozen.send_signal(signal.SIGCONT)
    with scene.shop.write() as tx:  # something new to do: when it is done, whoever woke is past the old run
        tx.exposures.save([make_exposure(2)])
        again = request_run(tx, "exp_000002", None, "tok_1", scene.shop.clock.now(), scene.shop.ids).id
    wait_until(lambda: scene.shop.run(again).state is RunState.EFFECTIVE)
    assert [key for key in counted(scene) if key.startswith("run/")] == ONCE
    about = [kind for kind in scene.shop.kinds()[: len(kinds)] if kind == "run.effective"]
    assert len(about) == 1
