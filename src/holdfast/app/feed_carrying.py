"""Carrying advisories from one site to another: exported into a signed file here, imported there.

Rules:

1. A key signs, or the file says that nobody did; importing asks for the key that verifies, or to be told that none is
   wanted. There is no third way.
2. What is imported is never older than what is there, nor has it less, unless that is asked for. It stays as old as it
   was: an import is no sync.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from holdfast.app.secrets import write_secret
from holdfast.app.settings import DATABASE_FILE, STORE_FILE
from holdfast.edges.cli.feed_wishes import Carried, ExportWish, ImportWish
from holdfast.edges.providers.compiled import FILE_NAME, CompiledAdvisories, open_compiled
from holdfast.edges.providers.compiled_open import Wanted, open_advisories
from holdfast.edges.providers.compiled_snapshot_read import open_snapshot_file, put_in_place
from holdfast.edges.providers.compiled_snapshot_write import write_snapshot_file
from holdfast.edges.providers.signed_rows import Seal, Unseal
from holdfast.errors import FeedError, JournalError, UsageError
from holdfast.findings.checkpoint import (
    ed25519_public_key,
    ed25519_signer,
    ed25519_verifier,
    format_verifier_key,
    is_key_name,
    parse_verifier_key,
)
from holdfast.findings.dsse import PAYLOAD_TYPE, seal, seal_unsigned, unseal, unseal_unverified
from holdfast.loop.carried import find_missing, find_older, refuse_future
from holdfast.model.advisory import Snapshot

Progress = Callable[[str, int, int | None], None]
_MOST_KEY_BYTES = 1 << 12
_KEY_BYTES = 32


def export_feed(data: Path, file: Path, wish: ExportWish, progress: Progress) -> Carried:
    """Write a data folder's compiled advisories, refreshed as for a scan, into one file.

    Raises:
        UsageError: the key can't be read.
        FeedError: an ecosystem or a list that was named is not to be had, or the file could not be written.
    """
    sealed = sealed_by(wish.key)  # first of all: nothing is fetched for a key that is none
    lists = (os.environ.get(f"HOLDFAST_{name}") or None for name in ("KEV", "EPSS", "SSVC"))
    opened = open_advisories(
        Wanted(wish.ecosystems, data, wish.feed, wish.offline, *lists), datetime.now(UTC), progress
    )
    if opened.lookup is None:
        raise FeedError(
            "there are no advisories to export", where=str(data), hint="`--feed` and `--ecosystem` name them"
        )
    try:
        if opened.notes:
            raise FeedError(opened.notes[0], hint="a snapshot without a list that was named would be silent about it")
        notes = _told_of(opened.lookup, opened.problems)
        contents = write_snapshot_file(opened.lookup, file, wish.ecosystems or tuple(opened.lookup.snapshots()), sealed)
    finally:
        opened.lookup.close()
    signed_by = str(wish.key) if wish.key else None
    return Carried(contents.snapshots, contents.digest, contents.payload_bytes, signed_by, notes)


def _told_of(lookup: CompiledAdvisories, problems: Mapping[str, str]) -> tuple[str, ...]:
    """Say which feeds are as old as they were. Raises: FeedError for one that was never had."""
    held = lookup.snapshots()
    for name, because in sorted(problems.items()):
        if name not in held:
            raise FeedError(f"no advisories of {name}: {because}")
    return tuple(f"no new advisories for {name}: {because}" for name, because in sorted(problems.items()))


def sealed_by(key: Path | None) -> Seal:
    """Return what signs with the key in a file; without one, what says that nobody did. Raises: UsageError."""
    if key is None:
        return lambda statement: seal_unsigned(PAYLOAD_TYPE, statement)
    private = _load_key(key)
    public, sign = ed25519_public_key(private), ed25519_signer(private)
    return lambda statement: seal(PAYLOAD_TYPE, statement, public, sign)


def _load_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_KEY_BYTES).decode("ascii").strip()
        private = bytes.fromhex(text)
    except OSError as error:
        raise UsageError(f"the key can't be read: {error.strerror}", where=str(path)) from None
    except ValueError:
        private = b""
    if len(private) != _KEY_BYTES:
        raise UsageError(
            "expected a key of 32 bytes in hex", where=str(path), hint="`holdfast feed keygen FILE` makes one"
        )
    return private


def import_feed(data: Path, file: Path, wish: ImportWish) -> Carried:
    """Put a snapshot in place of a data folder's compiled advisories, when it is verified and not older.

    Raises:
        UsageError: the key that is to verify it is none.
        FeedError: the snapshot is refused; what is there stays as it was.
    """
    name, unsealed = unsealed_by(wish.trust)
    target = data / FILE_NAME
    with open_snapshot_file(file, unsealed) as opened:
        refuse_future(opened.contents.snapshots, datetime.now(UTC), str(file))
        offered, held = opened.contents.snapshots, _held(target)
        older = [*find_missing(offered, held), *find_older(offered, held)]
        if older and not wish.allow_older:
            raise FeedError(
                f"older than what is here: {'; '.join(older)}", where=str(file), hint="--allow-older takes it"
            )
        put_in_place(opened, target)
        contents = opened.contents
    notes = [f"put back: {one}" for one in older]
    if has_store(data):
        notes.append("the server of this folder judges by its own records as before: export them with --with-records")
    return Carried(contents.snapshots, contents.digest, contents.payload_bytes, name, tuple(notes))


def has_store(data: Path) -> bool:
    """Tell whether a server was ever started on a data folder."""
    return (data / DATABASE_FILE).exists() or (data / STORE_FILE).exists()


def _held(path: Path) -> tuple[Snapshot, ...]:
    if not path.is_file():
        return ()
    try:
        held = open_compiled(path)
    except FeedError:  # another version's, or damaged: nothing is lost with it
        return ()
    try:
        return tuple(held.snapshots().values())
    finally:
        held.close()


def unsealed_by(trust: str | None) -> tuple[str | None, Unseal]:
    """Return the verifier key's name and what verifies by it; `None` verifies nothing. Raises: UsageError."""
    hint = "`holdfast feed export FILE --key KEYFILE` signs one"
    if trust is None:
        return None, lambda envelope: unseal_unverified(envelope, PAYLOAD_TYPE, hint=hint)
    try:
        name, public = parse_verifier_key(trust, where="--trust")
        verify = ed25519_verifier(public)
    except JournalError as error:
        raise UsageError(error.message, where="--trust", hint="`holdfast feed keygen` prints the key") from None
    return name, lambda envelope: unseal(envelope, PAYLOAD_TYPE, verify, hint=hint)


def make_feed_key(file: Path, name: str) -> str:
    """Make a key that signs, in a file of mode 600, and write the key that verifies beside it; returns the latter.

    Raises:
        UsageError: one of the files is there, or can't be written; or the name is none.
    """
    public_file = file.with_name(f"{file.name}.pub")
    for one in (file, public_file):
        if one.exists() or one.is_symlink():
            raise UsageError("there is a file of that name, and a key is never replaced", where=str(one))
    if not is_key_name(name):
        raise UsageError("expected a name without spaces and `+`", where="--name")
    private = secrets.token_bytes(_KEY_BYTES)
    public = format_verifier_key(name, ed25519_public_key(private))
    try:
        write_secret(file, private.hex() + "\n")
        public_file.write_text(public + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"could not be written: {error.strerror}", where=str(file)) from None
    return public
