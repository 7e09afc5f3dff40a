"""Snapshot files: written, read, and refused whole."""

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.compiled import FILE_NAME, IMPORTED, Lists, open_compiled
from holdfast.edges.providers.compiled_digest import CLUSTER, RECORD, RULE, SECTION, ContentDigest, framed
from holdfast.edges.providers.compiled_open import Wanted, open_advisories
from holdfast.edges.providers.compiled_snapshot import MAGIC, Contents, contents_to_statement
from holdfast.edges.providers.compiled_snapshot_read import open_snapshot_file, put_in_place
from holdfast.edges.providers.compiled_snapshot_write import write_snapshot_file
from holdfast.edges.providers.compiled_sync import refresh
from holdfast.edges.providers.osv_open import PUBLIC_BUCKET
from holdfast.errors import FeedError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.findings.dsse import PAYLOAD_TYPE, seal, unseal
from holdfast.model.advisory import Enrichment, Snapshot
from holdfast.testing.clocks import START
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
FEED: dict[str, list[Mapping[str, Any]]] = {
    "PyPI": [record("L-1", aliases=["CVE-2026-1"]), record("L-2", fixed="2.0"), record("L-3", name="desk")],
    "AlmaLinux": [record("A-1", "AlmaLinux:9", "lamp", fixed="1.5-1.el9", aliases=["CVE-2026-1"])],
}
SNAPSHOT = Snapshot("PyPI", "osv", START, START, 1, None)
Row = tuple[object, ...]


def _sealed(statement: bytes, key: bytes = KEY) -> str:
    return seal(PAYLOAD_TYPE, statement, ed25519_public_key(key), ed25519_signer(key))


def _unsealed(envelope: str) -> bytes:
    return unseal(envelope, PAYLOAD_TYPE, ed25519_verifier(ed25519_public_key(KEY)))


def _compiled(path: Path, feed: Mapping[str, list[Mapping[str, Any]]] | None = None) -> Path:
    found = feed or FEED
    refresh(path, MemoryFeed(found), found, START, known_exploited=lambda: {"CVE-2026-1"}, progress=lambda *_: None)
    return path


def _export(compiled: Path, path: Path, lists: Lists | None = None, *names: str) -> Contents:
    held = open_compiled(compiled, lists)
    try:
        return write_snapshot_file(held, path, names or tuple(held.snapshots()), _sealed)
    finally:
        held.close()


def _import(path: Path, target: Path) -> None:
    with open_snapshot_file(path, _unsealed) as opened:
        put_in_place(opened, target)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    _export(_compiled(tmp_path / "here" / FILE_NAME), tmp_path / "x.hfs")
    return tmp_path / "x.hfs"


def test_what_is_imported_is_what_was_exported(tmp_path: Path, exported: Path) -> None:
    target = tmp_path / "there" / FILE_NAME
    _import(exported, target)
    before, after = open_compiled(tmp_path / "here" / FILE_NAME), open_compiled(target)
    assert after.snapshots() == before.snapshots()
    assert after.snapshots()["PyPI"].synced_at == START  # an import makes nothing younger
    assert after.releases() == before.releases() == {"AlmaLinux:9"}
    for ecosystem, name in (("PyPI", "lamp"), ("PyPI", "desk"), ("AlmaLinux:9", "lamp")):
        assert after.rules(ecosystem, name) == before.rules(ecosystem, name)
        assert after.published(ecosystem, name) == before.published(ecosystem, name)
    assert after.facts(["L-1", "L-2", "A-1"]) == before.facts(["L-1", "L-2", "A-1"])
    assert after.facts(["L-1"])["L-1"].known_exploited is True
    before.close()
    after.close()


def test_the_same_advisories_give_the_same_bytes(tmp_path: Path, exported: Path) -> None:
    backwards = {name: list(reversed(rows)) for name, rows in reversed(FEED.items())}
    _export(_compiled(tmp_path / "again" / FILE_NAME, backwards), tmp_path / "y.hfs")
    assert (tmp_path / "y.hfs").read_bytes() == exported.read_bytes()
    _import(exported, tmp_path / "there" / FILE_NAME)
    _export(tmp_path / "there" / FILE_NAME, tmp_path / "z.hfs")
    assert (tmp_path / "z.hfs").read_bytes() == exported.read_bytes()
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_lists_go_along(tmp_path: Path) -> None:
    lists = Lists({"CVE-2026-9"}, {"CVE-2026-1": Enrichment(epss=0.5, ssvc_automatable="yes")}, "sha256:x")
    contents = _export(_compiled(tmp_path / FILE_NAME), tmp_path / "x.hfs", lists, "PyPI")
    _import(tmp_path / "x.hfs", tmp_path / "there" / FILE_NAME)
    held = open_compiled(tmp_path / "there" / FILE_NAME)
    (facts,) = held.facts(["L-1"]).values()
    assert (facts.known_exploited, facts.epss, facts.automatable, facts.total_impact) == (False, 0.5, True, None)
    assert held.snapshots().keys() == {"PyPI"}
    assert held.snapshots()["PyPI"].digest == contents.snapshots[0].digest
    held.close()


def test_an_ecosystem_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no advisories of npm"):
        _export(_compiled(tmp_path / FILE_NAME), tmp_path / "x.hfs", None, "PyPI", "npm")
    assert not (tmp_path / "x.hfs").exists()


class _Public(MemoryFeed):
    """A feed that every scan would ask again."""

    def describe(self) -> str:
        """Return the public bucket."""
        return PUBLIC_BUCKET


def test_what_came_as_a_snapshot_asks_no_feed_until_it_is_synced(tmp_path: Path) -> None:
    feed = _Public({"PyPI": [record("L-1")]})
    path = tmp_path / "here" / FILE_NAME
    refresh(path, feed, ["PyPI"], START, known_exploited=lambda: None, progress=lambda *_: None)
    contents = _export(path, tmp_path / "x.hfs")
    target = tmp_path / "there" / FILE_NAME
    _import(tmp_path / "x.hfs", target)
    opened = open_advisories(Wanted(("PyPI",), target.parent), START + timedelta(days=9), lambda *_: None)
    assert opened.lookup is not None
    assert (opened.problems, opened.lookup.meta(IMPORTED)) == ({}, f"sha256:{contents.digest}")
    opened.lookup.close()
    refresh(target, feed, ["PyPI"], START, known_exploited=lambda: None, progress=lambda *_: None)
    feed.records["PyPI"].append(record("L-2"))
    refresh(target, feed, ["PyPI"], START, known_exploited=lambda: None, progress=lambda *_: None)
    held = open_compiled(target)
    assert held.meta(IMPORTED) is None
    held.close()


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _flip(data: bytes) -> bytes:
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


def _grow(data: bytes) -> bytes:
    return data + b"x"


def _resign(data: bytes) -> bytes:
    _, envelope, rest = data.split(b"\n", 2)
    return MAGIC + _sealed(_unsealed(envelope.decode()), OTHER).encode() + b"\n" + rest


def _restate(data: bytes) -> bytes:
    """Keep the signature, and say something else."""
    _, envelope, rest = data.split(b"\n", 2)
    document = msgspec.json.decode(envelope)
    other = msgspec.json.decode(_sealed(_unsealed(envelope.decode()).replace(b"L-", b"M-").replace(b"PyPI", b"PyPj")))
    return MAGIC + msgspec.json.encode(document | {"payload": other["payload"]}) + b"\n" + rest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: b"", "no snapshot"),
        (lambda _: b"SQLite format 3\x00" * 99, "no snapshot"),
        (lambda _: b"PK\x03\x04../../etc/passwd", "no snapshot"),
        (lambda data: data[:40], "cut"),
        (lambda _: MAGIC + b"x" * (5 << 20), "cut"),
        (lambda _: MAGIC + b"{}\n", "not verified"),
        (lambda _: MAGIC + b"\xff\n", "not UTF-8"),
        (lambda _: MAGIC + b"[" * 100_000 + b"\n", "not verified"),
        (_cut, "shorter"),
        (_grow, "longer"),
        (_flip, "changed"),
        (_resign, "another key"),
        (_restate, "another key"),
    ],
)
def test_a_changed_snapshot_is_refused_and_nothing_is_written(
    tmp_path: Path, exported: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    target = tmp_path / "there" / FILE_NAME
    _compiled(target, {"PyPI": [record("L-9")]})
    before = target.read_bytes()
    exported.write_bytes(change(exported.read_bytes()))
    with pytest.raises(FeedError, match=words):
        _import(exported, target)
    assert target.read_bytes() == before
    assert [one.name for one in target.parent.iterdir()] == [FILE_NAME]


def _aliases(*names: str) -> bytes:
    return msgspec.msgpack.encode((names, ()))


GOOD: list[Row] = [
    (RECORD, "L-1", 0, _aliases(), 9.8, "CVSS", 0),
    (RULE, "PyPI", "lamp", "L-1", msgspec.msgpack.encode(([(b"a", None)], [], [], "")), msgspec.msgpack.encode(())),
    (CLUSTER, "L-1", _aliases("L-1"), True, 0.5, None, None),
]


def _snapshot_file(
    path: Path, rows: Sequence[Row | bytes], plain: int = 0, names: Sequence[str] = ("PyPI",), body: bytes | None = None
) -> Path:
    """Write a snapshot that its maker signed, whatever is in it; `plain` is added to the size that it says."""
    data = [one if isinstance(one, bytes) else framed(one) for one in rows]
    digest = ContentDigest("PyPI")
    for one in data:
        digest.add(one)
    whole = framed((SECTION, "PyPI")) + b"".join(data)
    packed = zlib.compress(whole) if body is None else body
    snapshots = tuple(replace(SNAPSHOT, ecosystem=name, digest=str(digest)) for name in names)
    contents = Contents(hashlib.sha256(packed).hexdigest(), len(packed), len(whole) + plain, snapshots)
    path.write_bytes(MAGIC + _sealed(contents_to_statement(contents)).encode() + b"\n" + packed)
    return path


def test_rows_that_are_right_are_taken(tmp_path: Path) -> None:
    _import(_snapshot_file(tmp_path / "x.hfs", GOOD), tmp_path / FILE_NAME)
    held = open_compiled(tmp_path / FILE_NAME)
    assert held.facts(["L-1"])["L-1"].epss == 0.5
    assert held.rules("PyPI", "lamp").intervals
    held.close()


def _without(number: int) -> list[Row]:
    return [row for place, row in enumerate(GOOD) if place != number]


def _with(number: int, place: int, value: object) -> list[Row]:
    row = (*GOOD[number][:place], value, *GOOD[number][place + 1 :])
    return [*GOOD[:number], row, *GOOD[number + 1 :]]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (_without(0), "other advisories"),
        (_without(2), "alone"),
        (_with(1, 3, "L-9"), "alone"),
        (_with(1, 1, "npm"), "among those of"),
        (_with(1, 1, "PyPIx"), "among those of"),
        (_with(1, 4, b"\xc1"), "can't be read"),
        (_with(1, 4, msgspec.msgpack.encode(([], [], [], "perhaps"))), "state"),
        (_with(1, 5, b"{"), "can't be read"),
        (_with(0, 2, 1 << 62), "can't be read"),
        (_with(0, 2, -(1 << 63)), "can't be read"),
        (_with(0, 4, 11.0), "can't be read"),
        (_with(0, 4, float("inf")), "can't be read"),
        (_with(0, 3, b""), "can't be read"),
        (_with(0, 1, ""), "can't be read"),
        (_with(0, 1, "x" * 5000), "can't be read"),
        (_with(2, 3, 7), "can't be read"),
        ([*GOOD, GOOD[0]], "UNIQUE"),
        ([*GOOD, (9, "x")], "can't be read"),
        ([*GOOD, framed((RECORD,))[:-1]], "half a row|a row"),
        ([*GOOD, b"\x00\x00\x00\x00"], "a row of 0 bytes"),
        ([*GOOD, b"\x00\x00\x00\x01\x91"], "can't be read"),
        ([*GOOD, b"\xff\xff\xff\xff"], "a row of 4294967295 bytes"),
        ([*GOOD, (SECTION, "npm")], "other advisories"),
    ],
)
def test_rows_that_are_not_right_are_refused_though_they_are_signed(
    tmp_path: Path, rows: list[Row], words: str
) -> None:
    with pytest.raises(FeedError, match=words):
        _import(_snapshot_file(tmp_path / "x.hfs", rows), tmp_path / "there" / FILE_NAME)
    assert not list((tmp_path / "there").iterdir())


def test_a_bomb_ends_at_the_size_that_was_said(tmp_path: Path) -> None:
    path = _snapshot_file(tmp_path / "x.hfs", GOOD, body=zlib.compress(bytes(200 << 20)))
    with pytest.raises(FeedError, match="than its statement says"):
        _import(path, tmp_path / FILE_NAME)
    plain = 5 << 30  # said to be five gibibytes
    with pytest.raises(FeedError, match="expected at most"):
        _import(_snapshot_file(tmp_path / "y.hfs", GOOD, plain), tmp_path / FILE_NAME)
    body = zlib.compress(bytes(8 << 20))
    path = _snapshot_file(tmp_path / "z.hfs", GOOD, (8 << 20), body=body)
    with pytest.raises(FeedError, match="a row of 0 bytes"):
        _import(path, tmp_path / FILE_NAME)
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"nonsense", "do not inflate"),
        (zlib.compress(b"x" * 99)[:-6], "cut"),
        (zlib.compress(b"") + b"behind", "less in it"),
    ],
)
def test_rows_that_do_not_inflate_are_refused(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        _import(_snapshot_file(tmp_path / "x.hfs", GOOD, body=body), tmp_path / FILE_NAME)
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("names", [(), ("PyPI", "PyPI"), ("npm", "PyPI", "Go"), ("PyPI:1",), ("",), ("Py\nPI",)])
def test_ecosystems_that_cannot_be_are_refused(tmp_path: Path, names: Sequence[str]) -> None:
    with pytest.raises(FeedError, match="each ecosystem once"):
        _import(_snapshot_file(tmp_path / "x.hfs", GOOD, names=names), tmp_path / FILE_NAME)


def test_an_ecosystem_that_was_not_promised_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="does not say here"):
        _import(_snapshot_file(tmp_path / "x.hfs", GOOD, names=("npm",)), tmp_path / FILE_NAME)


def test_an_ecosystem_that_was_promised_is_missed(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="fewer ecosystems"):
        _import(_snapshot_file(tmp_path / "x.hfs", GOOD, names=("PyPI", "npm")), tmp_path / FILE_NAME)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200), st.integers(0, 3))
def test_any_row_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: int) -> None:
    place = tmp_path_factory.mktemp("any")
    body = data[:1] + bytes([kind]) + data[1:]
    path = _snapshot_file(place / "x.hfs", [*GOOD, len(body).to_bytes(4, "big") + body])
    try:
        _import(path, place / FILE_NAME)
    except FeedError:
        assert not (place / FILE_NAME).exists()


def test_a_statement_about_something_else_is_refused(tmp_path: Path) -> None:
    for statement in (b"{}", b"[]", b'{"_type": "https://in-toto.io/Statement/v1"}', b"\xff", b"[" * 100_000):
        (tmp_path / "x.hfs").write_bytes(MAGIC + _sealed(statement).encode() + b"\nrows")
        with pytest.raises(FeedError, match="no snapshot of advisories"):
            _import(tmp_path / "x.hfs", tmp_path / FILE_NAME)
