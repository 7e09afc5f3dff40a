"""What was forced while the store was away: served at once, and taken into the store when it is back.

The flag server reads the spool of the data folder with every question. This job tells who waits on streams as soon as
the spool changes, and merges it; a crash at any point leaves it as it is, and merging twice is once.
"""

import threading

import structlog

from holdfast.app.house import STORE_FAILURES, House
from holdfast.app.settings import ORG
from holdfast.edges.providers.spool_file import SpoolFile
from holdfast.loop.break_glass import Spool, merge_spool, name_spool, note_problems, parse_spool

LOOK_S = 0.5

_LOG = structlog.get_logger("holdfast")


class SpoolKeeper:
    """Looks at the spool of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._file = SpoolFile(house.settings.data)
        self._told = ""

    def run_forever(self, stop: threading.Event) -> None:
        """Look twice a second until told to stop."""
        while not stop.wait(LOOK_S):
            try:
                self.look()
            except STORE_FAILURES as error:
                _LOG.warning("spool", error=str(error))

    def look(self) -> int:
        """Tell of what is new and merge what there is; returns how many overlays the store learnt of."""
        text = self._file.read()
        if not text:
            return 0
        spool, name = parse_spool(text), name_spool(text)
        self._announce(text, spool)
        count = self._merge(spool, name)
        kept = self._file.retire(text, name)
        if kept is not None:
            for problem in spool.problems:
                _LOG.warning("spool", where=str(kept), problem=problem)
            self._announce("", spool)
        return count

    def _announce(self, text: str, spool: Spool) -> None:
        if text == self._told:
            return
        self._told = text
        for problem in spool.problems:
            _LOG.warning("spool", where=str(self._file.path), problem=problem)
        for org, environment in sorted({(one.org, one.environment) for one in spool.entries}):
            self._house.flag_feed.announce(org, environment)

    def _merge(self, spool: Spool, name: str) -> int:
        house, count = self._house, 0
        known = {org.id for org in house.store.tenants.orgs()}
        concerned = {one.org for one in spool.entries} | ({ORG} if spool.problems else set())
        for org in sorted(concerned):
            if org not in known:
                _LOG.warning("spool", problem=f"there is no org `{org}`; what was forced for it is put aside")
                continue
            with house.store.write_now(org, house.clock) as (tx, now):
                count += len(merge_spool(tx, spool, now))
                note_problems(tx, spool, name, now)
            house.tell(org)
        return count
