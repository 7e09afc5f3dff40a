"""What flagd itself answers decides whether a forced variant is served."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from holdfast.edges.providers.flag_providers._flagd import Flagd
from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers.flagd_file import FileSource
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, Kill, until_seen, worlds_of
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.flag_providers.documents import FLAG, JSON, OTHER, SAFE
from tests.edges.providers.flag_providers.flagd_like import flagd_like
from tests.waiting import moment, wait_until

FLAGD = os.environ.get("HOLDFAST_FLAGD") or shutil.which("flagd")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "flags.json"
    file.write_text(JSON)
    return file


@contextmanager
def opened(path: Path, ofrep: str) -> Iterator[Flagd]:
    rest = Rest("flagd", ofrep, dict)
    try:
        yield Flagd("flagd", FileSource(path), rest)
    finally:
        rest.close()


def seen(url: str) -> str | None:
    """Return what flagd answers for nobody in particular."""
    answer = httpx.post(f"{url}/ofrep/v1/evaluate/flags/{FLAG}", json={"context": {"email": "q@shop.example"}})
    variant = answer.json().get("variant")
    return str(variant) if variant is not None else None


def test_variant_that_flagd_has_not_read_yet_is_on_its_way(path: Path) -> None:
    with flagd_like(path.read_text) as flagd, opened(path, flagd.url) as provider:
        provider.force(FLAG, SAFE)
        reading = provider.read(FLAG)
        assert reading is not None
        assert (reading.held, reading.served) == (SAFE, None)
        flagd.reload()
        reading = provider.read(FLAG)
        assert reading is not None
        assert (reading.held, reading.served) == (SAFE, SAFE)


class TestConformance(FlagProviderSuite):
    """Evaluated by flagd's own evaluator, which reads the document a moment later."""

    @pytest.fixture
    def system(self, path: Path) -> Iterator[FlagSystem]:
        with flagd_like(path.read_text) as flagd, opened(path, flagd.url) as provider:
            yield FlagSystem(
                flag=FLAG,
                safe=SAFE,
                other=OTHER,
                open_world=worlds_of(lambda: provider),
                state=path.read_bytes,
                seen=lambda: str(flagd.evaluate(FLAG)[1].get("variant")),
                arrive=flagd.reload,
                troubles={"flagd does not answer": lambda: opened(path.with_name("gone"), "http://127.0.0.1:1")},
            )


@pytest.mark.parametrize("status", [429, 500, 200])
def test_flagd_that_does_not_answer_as_it_should_is_a_problem(path: Path, status: int) -> None:
    with answering(status) as url, opened(path, url) as provider:
        assert "flagd" in (provider.find_problem() or "")


def free_ports(number: int) -> list[str]:
    """Return ports that nobody listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.mark.skipif(FLAGD is None, reason="no `flagd` on PATH, nor named by HOLDFAST_FLAGD")
def test_real_flagd_serves_what_is_forced(path: Path) -> None:
    port, management, ofrep, sync = free_ports(4)
    command = [str(FLAGD), "start", "--uri", f"file:{path}", "--port", port, "--management-port", management]
    process = subprocess.Popen([*command, "--ofrep-port", ofrep, "--sync-port", sync], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{ofrep}"
    try:
        with opened(path, url) as provider:
            wait_until(lambda: provider.find_problem() is None, "flagd answers")
            system = FlagSystem(
                flag=FLAG,
                safe=SAFE,
                other=OTHER,
                open_world=worlds_of(lambda: provider),
                state=path.read_bytes,
                seen=lambda: seen(url),
                arrive=lambda: moment(0.05),
            )
            given, kill = seen(url), Kill(system, 1)
            kill.lay()
            until_seen(system, SAFE)
            kill.lift()
            until_seen(system, given)
    finally:
        process.terminate()
        process.wait(timeout=10)
    assert path.read_text() == JSON
