"""Two servers on one PostgreSQL share the work; one is killed between a step's intent and its effect."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.counting import SlowReceiver, slow_receiver
from tests.e2e.scenes import FEATURE, PDF, SAFE, Manifest, Scene, shop_in
from tests.e2e.serving import Server, serve, wait_until

pytestmark = pytest.mark.postgresql

TARGETS = "http: [{{name: pager, kind: signed, url: '{url}/do', look: '{url}/did/{{key}}', secret: 'file:{secret}'}}]\n"


def around_a_request(service: Manifest) -> None:
    """Send a request between two flags, and let a moment pass."""
    service["plans"][0]["do"] = [
        {"action": "flag.off", "flag": "shop.recommendations"},
        {"action": "http", "target": "pager", "body": "receipts go off", "undo": "receipts are back"},
        {"action": "wait", "for": "2s"},
        {"action": "flag.off", "flag": "shop.receipts"},
    ]
    service["plans"][0]["autonomy"] = {"default": "observe", "production": "approve-1"}


def worker(folder: Path, name: str, database: str, receiver: SlowReceiver, stack: ExitStack) -> Server:
    """Start a server with a data folder of its own on the database that all share."""
    data = folder / name
    data.mkdir(mode=0o700)
    (data / "secret").write_text("a shared secret")
    (data / "targets.yaml").write_text(TARGETS.format(url=receiver.url, secret=data / "secret"))
    for path in data.iterdir():
        path.chmod(0o600)
    return stack.enter_context(serve(data, "--feed", "none", "--database", database))


@contextmanager
def workers(folder: Path, database: str, receiver: SlowReceiver) -> Iterator[list[Server]]:
    """Start two servers at once."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as together:
        begun = [together.submit(worker, folder, name, database, receiver, stack) for name in ("one", "two")]
        yield [one.result() for one in begun]


def steps(scene: Scene, exposure: str) -> list[str]:
    return [str(step["state"]) for step in scene.run(exposure)["steps"]]


def test_another_worker_finishes_what_a_killed_one_began(tmp_path: Path, postgresql_url: str) -> None:
    """The request is at the receiver and nothing of it is known when its sender dies: it counts once all the same."""
    with (
        slow_receiver() as receiver,
        workers(tmp_path, postgresql_url, receiver) as both,
        shop_in(both[0], tmp_path / "shop", around_a_request, PDF) as scene,
    ):
        exposure = scene.strike("WORKERS-1", PDF)
        run = scene.wait_for_run(exposure, "awaiting_approval")["id"]
        both[1].call("POST", f"/mitigations/{run}/approve", {})
        wait_until(lambda: receiver.arrived == [f"{run}/2"])
        (victim,) = [one for one in both if receiver.is_sent_by(one.process.pid)]
        (other,) = [one for one in both if one is not victim]
        scene.server = other
        assert (steps(scene, exposure), scene.renderer()) == (["done", "intent", "pending", "pending"], FEATURE)
        victim.kill()
        receiver.open.set()
        scene.wait_for_run(exposure, "effective")
        assert (receiver.arrived, receiver.counted) == ([f"{run}/2"], [f"{run}/2"])
        assert steps(scene, exposure) == ["done"] * 4
        scene.shop.ofrep_url = other.url
        scene.shop.start(tmp_path / "shop")
        assert scene.renderer() == SAFE
        kinds = [entry["kind"] for entry in other.call("GET", "/journal?limit=1000")["items"]]
        assert kinds.count("run.effective") == 1
        assert other.call("POST", "/journal/verify", {})["intact"]
