"""What a process does that is to hold many connections."""

import gc
import resource
from collections.abc import Iterator

import pytest

from holdfast.app.listening import collect_seldom, raise_descriptor_limit


@pytest.fixture
def collector() -> Iterator[None]:
    """Give the collector back as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_collector_looks_seldom_and_leaves_alone_what_is_there() -> None:
    collect_seldom()
    assert gc.isenabled()
    assert gc.get_threshold()[0] > 700
    assert gc.get_freeze_count() > 0


@pytest.mark.usefixtures("collector")
def test_collector_still_takes_cycles_that_come_later() -> None:
    collect_seldom()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0


def test_descriptors_may_be_as_many_as_the_operator_allows() -> None:
    raise_descriptor_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
