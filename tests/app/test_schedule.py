"""Jobs of the running server: one that breaks is started anew."""

import threading
from pathlib import Path

import pytest

from holdfast.app import schedule
from holdfast.app.house import open_house
from holdfast.app.schedule import Schedule
from holdfast.app.settings import read_settings
from holdfast.loop.respond_engine import Engine


class BreakingEngine(Engine):
    """Breaks at its first start, in a way that no port promises."""

    def begin(self) -> None:
        """Forget the past."""
        self.starts = 0
        self.running = threading.Event()

    def run_forever(self, stop: threading.Event, *_: object, **__: object) -> None:
        """Break, then run."""
        self.starts += 1
        if self.starts == 1:
            raise ValueError("nobody foresaw this")
        self.running.set()
        stop.wait()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_engine_that_breaks_is_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "RESTART_S", 0.01)
    house = open_house(read_settings(tmp_path / "data", feed="none", environ={}))
    engine = BreakingEngine(house.store, house.clock, house.ids, house.http)
    engine.begin()
    house.engine = engine
    jobs = Schedule(house)
    try:
        jobs.start()
        assert engine.running.wait(20)
        assert engine.starts == 2
    finally:
        jobs.stop()
        house.close()
    assert engine.starts == 2  # what was told to stop is not started again
