"""Files of groups that live on are cut; those of groups that ended are let go of."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.edges.providers.left_behind import LeftBehind
from tests.waiting import wait_until

LIMIT_BYTES = 10


@pytest.fixture
def group() -> Iterator["subprocess.Popen[bytes]"]:
    """Give a group that lives until it is killed."""
    process = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def appended(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)


def test_files_are_cut_again_and_again_until_the_group_ends(group: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    left, one, other = LeftBehind(), tmp_path / "one", tmp_path / "other"
    descriptors = [appended(one), appended(other)]
    left.take(group.pid, descriptors, LIMIT_BYTES)
    os.write(descriptors[1], b"short")
    for _ in range(2):
        os.write(descriptors[0], b"x" * (LIMIT_BYTES + 1))
        wait_until(lambda: one.stat().st_size == 0, "the cut")
    assert other.read_bytes() == b"short"
    os.killpg(group.pid, signal.SIGKILL)
    group.wait()
    wait_until(lambda: not left.is_cutting, "the end of it")
    for descriptor in descriptors:
        os.close(descriptor)


def test_of_a_group_that_ended_nothing_is_taken(group: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    group.kill()
    group.wait()
    descriptor = appended(tmp_path / "one")
    left = LeftBehind()
    left.take(group.pid, [descriptor], LIMIT_BYTES)
    assert not left.is_cutting
    os.close(descriptor)
