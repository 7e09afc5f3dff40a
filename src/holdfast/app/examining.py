"""What `doctor` looks at. Each check says what it found and what to try; one that fails does not stop the others."""

import os
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from holdfast.app.examining_outside import examine_targets
from holdfast.app.settings import ORG, Settings, read_settings
from holdfast.edges.cli.options import Check
from holdfast.edges.providers.system import SystemClock
from holdfast.edges.providers.target_spec import SECTIONS
from holdfast.edges.stores import open_store
from holdfast.errors import HoldfastError
from holdfast.loop.feed_state import feed_state
from holdfast.model.journal import GENESIS, entry_hash
from holdfast.model.verdict import Pass
from holdfast.ports.store import Store
from holdfast.registry import load_room

ROOMS = (
    "controls.versions",
    "facts.binaries",
    "facts.estate",
    "facts.lockfiles",
    "facts.packages",
    "facts.reports",
    "facts.vex",
    "gate.outputs",
    "mitigations.actions",
    "remediations.guides",
    *SECTIONS.values(),
)
SCRIPTS = ("htmx.min.js", "hx-sse.min.js")
LAST_ENTRIES = 1000


def examine(data: Path) -> Iterator[Check]:
    """Look at the program first, then at the data folder where there is one."""
    yield _python()
    for room in ROOMS:
        yield _room(room)
    yield _scripts()
    settings = read_settings(data)
    if not data.is_dir():
        yield Check("data folder", None, f"there is none at {data}", "`holdfast up --data DIR` makes one")
        return
    yield from _folder(settings)
    yield from _store(settings)
    yield from examine_targets(settings)


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", sys.version_info >= (3, 11), found, "install Python 3.11 or later")


def _room(room: str) -> Check:
    try:
        count = len(load_room(room))
    except (HoldfastError, ImportError) as error:
        return Check(room, False, str(error).splitlines()[0], "install Holdfast anew, or remove the broken plug-in")
    return Check(room, True, f"{count} loaded")


def _scripts() -> Check:
    folder = files("holdfast.edges") / "web/static/vendor"
    missing = [name for name in SCRIPTS if not (folder / name).is_file()]
    words = (
        f"{', '.join(missing)} missing: pages work without, and do not refresh by themselves" if missing else "there"
    )
    return Check(
        "scripts of the pages", None if missing else True, words, "`make setup` fetches them" if missing else ""
    )


def _folder(settings: Settings) -> Iterator[Check]:
    data = settings.data
    writable = os.access(data, os.W_OK | os.X_OK)
    yield Check("data folder", writable, str(data), "" if writable else "make it writable for this user")
    for path, most in ((data, 0o700), (settings.token_file, 0o600), (settings.key_file, 0o600)):
        if path.exists():
            yield _mode(path, most)


def _mode(path: Path, most: int) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    is_fine = not mode & ~most & 0o077
    hint = "" if is_fine else f"chmod {most:o} {path}"
    if path.is_dir() and not is_fine:  # what is secret in it has modes of its own
        return Check(path.name, None, f"mode {mode:o}: others can look into it", hint)
    return Check(path.name, is_fine, f"mode {mode:o}", hint)


def _store(settings: Settings) -> Iterator[Check]:
    where = settings.database.rpartition("@")[2]  # never a password
    if "://" not in settings.database and not Path(settings.database).exists():
        yield Check("store", None, f"there is none yet at {where}", "`holdfast up` makes one")
        return
    try:
        store = open_store(settings.database)
    except (HoldfastError, SQLAlchemyError) as error:
        hint = (error.hint if isinstance(error, HoldfastError) else None) or "is the database up? restore a backup"
        yield Check("store", False, str(error).splitlines()[0], hint)
        return
    try:
        yield Check("store", True, f"{where}, schema up to date")
        yield _journal(store)
        yield from _feeds(store, settings.feed_max_age)
    except (HoldfastError, SQLAlchemyError) as error:
        yield Check("store", False, str(error).splitlines()[0], "restore a backup, and keep this copy for an inquiry")
    finally:
        store.close()


def _journal(store: Store) -> Check:
    """The newest entries: whether each follows the one before, and the head is the last."""
    with store.read(ORG) as tx:
        seq, digest = tx.journal.head()
        entries = list(tx.journal.read(max(0, seq - LAST_ENTRIES)))
    previous = GENESIS if seq <= LAST_ENTRIES else None
    for entry in entries:
        if previous is not None and entry.hash != entry_hash(
            previous, entry.org, entry.seq, entry.at, entry.kind, entry.body
        ):
            return Check("journal", False, f"entry {entry.seq} is not what was written", "holdfast audit verify")
        previous = entry.hash
    if seq and previous != digest:
        return Check("journal", False, "its head is not its last entry", "holdfast audit verify")
    return Check("journal", True, f"{seq} entries, the last {len(entries)} follow one another")


def _feeds(store: Store, max_age: timedelta) -> Iterator[Check]:
    with store.read(ORG) as tx:
        states = feed_state(tx, SystemClock().now(), max_age)
    for state in states:
        what = f"feed of {state.ecosystem}"
        if isinstance(state.verdict, Pass):
            yield Check(what, True, f"{state.snapshot.records if state.snapshot else 0} records")
        else:
            yield Check(what, None, state.verdict.because, "`holdfast feed sync`, or is a server running?")
    if not states:
        yield Check("feeds", None, "nothing runs yet, so none is wanted")
