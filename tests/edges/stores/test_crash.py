"""Processes that are killed, and processes that write at once."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from holdfast.edges.stores import open_store
from holdfast.errors import UsageError
from holdfast.model.journal import GENESIS, entry_hash
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, service

_WRITER = """
import sys
from holdfast.edges.stores import open_store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, component, deployment, release, save_release, sbom, service
store = open_store(sys.argv[1])
print("ready", flush=True)
number, few = 0, range(50)
while True:
    number += 1
    name = f"{sys.argv[2]}{number}"
    with store.write(ORG, START) as tx:
        tx.services.save(service(name))
        save_release(tx, release(name, "1", f"sha256:{name}"), sbom(*(component(f"{name}-{n}", "1") for n in few)))
        tx.deployments.save(deployment(name, "1", START))
        tx.journal.append("service.saved", {"id": f"svc_{name}"})
        tx.journal.append("deployment.saved", {"id": f"svc_{name}"})
    print(name, flush=True)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def durable_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store is that outlives its process."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return str(tmp_path / "holdfast.db")


def start_writer(url: str, prefix: str) -> subprocess.Popen[str]:
    """Start a process that writes one transaction after another and names each when it is committed."""
    command = [sys.executable, "-c", _WRITER, url, prefix]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Return the next lines that it says."""
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def check_consistent(store: Store) -> list[str]:
    """Verify the chain and compare the tables with it; return the services in it."""
    with store.read(ORG) as tx:
        previous, saved = GENESIS, []
        for number, entry in enumerate(tx.journal.read(), 1):
            assert entry.hash == entry_hash(previous, entry.org, number, entry.at, entry.kind, entry.body)
            previous = entry.hash
            if entry.kind == "service.saved":
                saved.append(entry.body.removeprefix('{"id":"svc_').removesuffix('"}'))
        assert tx.journal.head() == (2 * len(saved), previous)
        assert sorted(one.name for one in tx.services.list()) == sorted(saved)
        running, _ = tx.queries.running()
        assert sorted(one.service.name for one in running) == sorted(saved)
        assert all(one.components == 50 for one in running)
        for name in saved[-2:]:
            assert len(tx.sboms.load(f"sha256:{name}").occurrences) == 50
    return saved


def test_a_killed_writer_leaves_a_consistent_store(durable_url: str) -> None:
    url = durable_url
    open_store(url).close()
    chance = random.Random(3)
    said: list[str] = []
    for round_ in range(4):
        process = start_writer(url, "abcd"[round_])
        lines = read_lines(process, 1 + chance.randrange(1, 12))
        process.kill()
        rest = process.communicate()[0].split()
        said += [name for name in (*lines[1:], *rest) if name]
        store = open_store(url)
        saved = check_consistent(store)
        store.close()
        assert set(said) <= set(saved)  # what was said to be committed is there
        assert len(saved) <= len(said) + round_ + 1  # and at most the last one of each round was not yet said


def test_two_processes_write_one_chain(durable_url: str) -> None:
    url = durable_url
    processes = [start_writer(url, prefix) for prefix in "ab"]  # both find an empty store and migrate it
    for process in processes:
        read_lines(process, 4)
    for process in processes:
        process.kill()
        process.communicate()
    store = open_store(url)
    saved = check_consistent(store)
    store.close()
    assert {name[0] for name in saved} == {"a", "b"}


def test_a_kill_is_written_between_the_batches_of_another_process(tmp_path: Path) -> None:
    url = str(tmp_path / "shared.db")
    store = open_store(url)
    process = start_writer(url, "a")
    read_lines(process, 3)
    waits = []
    for number in range(20):
        with store.read(ORG) as tx:
            before = tx.journal.head()[0]
        with store.write(OTHER, START) as tx:
            tx.settings.set("n", str(number))
        with store.read(ORG) as tx:
            waits.append((tx.journal.head()[0] - before) // 2)
    process.kill()
    process.communicate()
    store.close()
    assert sorted(waits)[-3] <= 5  # batches that went before; it never waits until the other one is through


def test_a_kill_waits_for_one_batch_of_another_thread(tmp_path: Path) -> None:
    store = open_store(tmp_path / "holdfast.db")
    stop, going = threading.Event(), threading.Event()
    batches = [0]

    def write_batches() -> None:
        while not stop.is_set():
            with store.write("", START) as tx:
                tx.settings.set("batch", str(batches[0]))
            batches[0] += 1
            going.set()

    thread = threading.Thread(target=write_batches)
    thread.start()
    going.wait()
    waits = []
    for number in range(30):
        before = batches[0]
        with store.write(ORG, START) as tx:
            tx.services.save(service(f"s{number}"))
            waits.append(batches[0] - before)
    stop.set()
    thread.join()
    store.close()
    assert sorted(waits)[-3] <= 3


def test_threads_share_a_store(store: Store) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with store.write(ORG, START) as tx:
                tx.services.save(service(f"s{number}-{turn}"))
                tx.journal.append("saved", {"id": f"s{number}-{turn}"})
            with store.read(ORG) as tx:
                assert tx.services.find(f"s{number}-{turn}") is not None

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read(ORG) as tx:
        assert len(tx.services.list()) == 30
        assert [entry.seq for entry in tx.journal.read()] == list(range(1, 31))


def test_a_write_inside_a_write_is_refused_instead_of_waiting_forever(store: Store) -> None:
    with store.write(ORG, START), pytest.raises(UsageError, match="inside"), store.write(ORG, START):
        pass
    with store.write(ORG, START) as tx:
        tx.settings.set("still", "works")
