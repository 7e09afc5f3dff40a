"""Snapshots with records: written, read, and refused whole."""

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.compiled_digest import framed
from holdfast.edges.providers.records_file import (
    FIELDS,
    LIST,
    MAGIC,
    RECORD,
    SECTION,
    ListState,
    PartDigest,
    RecordsContents,
    parse_records_contents,
    records_to_statement,
)
from holdfast.edges.providers.records_read import RecordsFeed, is_records_file, open_records_file
from holdfast.edges.providers.records_write import FeedReader, RecordsPart, write_records_file
from holdfast.edges.providers.signed_rows import open_plain_file
from holdfast.errors import FeedError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.findings.dsse import PAYLOAD_TYPE, seal, unseal
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import EnrichmentRows
from holdfast.testing.clocks import START
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
FEED: dict[str, list[Mapping[str, Any]]] = {
    "PyPI": [record("L-2", fixed="2.0"), record("L-1", aliases=["CVE-2026-1"])],
    "AlmaLinux": [record("A-1", "AlmaLinux:9", related=["CVE-2026-2"])],
}
KEV = EnrichmentRows("kev", {"CVE-2026-1": {"added": "2026-01-01", "ransomware": False}}, START, "cisa")
EPSS = EnrichmentRows("epss", {f"CVE-2026-{n}": {"epss": 0.5, "percentile": None} for n in range(5)}, START, "first")
Row = tuple[object, ...]


def _sealed(statement: bytes, key: bytes = KEY) -> str:
    return seal(PAYLOAD_TYPE, statement, ed25519_public_key(key), ed25519_signer(key))


def _unsealed(envelope: str) -> bytes:
    return unseal(envelope, PAYLOAD_TYPE, ed25519_verifier(ed25519_public_key(KEY)))


def _reader(folder: Path, feed: Mapping[str, list[Mapping[str, Any]]] | None = None) -> FeedReader:
    return FeedReader(MemoryFeed(feed or FEED), folder, START, lambda *_: None)


def _export(path: Path, feed: Mapping[str, list[Mapping[str, Any]]] | None = None) -> RecordsContents:
    reader = _reader(path.parent, feed)
    lists = [KEV, EPSS]
    parts = reader.parts(())
    return write_records_file(path, parts, lambda: [reader.named_rows(one, 3) for one in lists], _sealed)


@contextmanager
def _opened(path: Path) -> Iterator[RecordsFeed]:
    with open_records_file(path, _unsealed, path.parent / "room") as feed:
        yield feed


def _bodies(feed: RecordsFeed, ecosystem: str) -> list[tuple[str, Any]]:
    with feed.changes(ecosystem, {}, None).reading() as records:
        return [(one.name, msgspec.json.decode(one.body)) for one in records]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    _export(tmp_path / "x.hfs")
    return tmp_path / "x.hfs"


def test_what_is_read_is_what_was_written(exported: Path) -> None:
    with _opened(exported) as feed:
        assert feed.ecosystems() == ("AlmaLinux", "PyPI")
        origin = feed.changes("PyPI", {}, None).origin
        assert origin is not None
        assert (origin.source, origin.synced_at, origin.records) == ("memory", START, 2)
        assert _bodies(feed, "AlmaLinux") == [("A-1", FEED["AlmaLinux"][0])]
        assert _bodies(feed, "PyPI") == [("L-1", FEED["PyPI"][1]), ("L-2", FEED["PyPI"][0])]
        epss, kev = (one.fetch(START) for one in feed.lists())
    assert kev == KEV
    assert epss == replace(EPSS, rows={name: EPSS.rows[name] for name in ("CVE-2026-1", "CVE-2026-2")})  # as named


def test_parts_that_nobody_wants_are_passed_over(exported: Path) -> None:
    with _opened(exported) as feed:
        assert [name for name, _ in _bodies(feed, "PyPI")] == ["L-1", "L-2"]
        _, kev = feed.lists()
        assert kev.fetch(START) == KEV
        assert kev.describe() == "cisa"


def test_the_same_records_give_the_same_bytes(tmp_path: Path, exported: Path) -> None:
    _export(tmp_path / "y.hfs", {name: list(reversed(rows)) for name, rows in reversed(FEED.items())})
    assert (tmp_path / "y.hfs").read_bytes() == exported.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.hfs", "y.hfs"]


def test_a_record_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    reader = _reader(tmp_path, {"PyPI": [record("L-1"), {"id": "", "affected": []}]})
    write_records_file(tmp_path / "x.hfs", reader.parts(["PyPI"]), list, _sealed)
    assert len(reader.problems) == 1
    with _opened(tmp_path / "x.hfs") as feed:
        assert [name for name, _ in _bodies(feed, "PyPI")] == ["L-1"]


def test_an_ecosystem_that_the_feed_lacks_exports_nothing(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="the feed has no npm"):
        _reader(tmp_path).parts(["npm"])
    empty = _reader(tmp_path, {"PyPI": [record("A-1", "AlmaLinux:9")]})
    with pytest.raises(FeedError, match="no record of `PyPI`"):
        write_records_file(tmp_path / "x.hfs", empty.parts(()), list, _sealed)
    assert not list(tmp_path.iterdir())


def _restate(data: bytes) -> bytes:
    """Keep the signature, and say something else."""
    _, envelope, rest = data.split(b"\n", 2)
    document = msgspec.json.decode(envelope)
    other = msgspec.json.decode(_sealed(_unsealed(envelope.decode()).replace(b"PyPI", b"PyPj")))
    return MAGIC + msgspec.json.encode(document | {"payload": other["payload"]}) + b"\n" + rest


def _resign(data: bytes) -> bytes:
    _, envelope, rest = data.split(b"\n", 2)
    return MAGIC + _sealed(_unsealed(envelope.decode()), OTHER).encode() + b"\n" + rest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: b"", "no snapshot"),
        (lambda data: data.replace(b"records/1", b"records/2", 1), "no snapshot"),
        (lambda data: data.replace(b"holdfast.records/1", b"holdfast.snapshot/1", 1), "no snapshot"),
        (lambda data: data[:40], "cut"),
        (lambda _: MAGIC + b"{}\n", "not verified"),
        (lambda data: data[:-1], "shorter"),
        (lambda data: data + b"x", "longer"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "changed"),
        (_resign, "another key"),
        (_restate, "another key"),
    ],
)
def test_a_changed_snapshot_is_refused_before_anything_is_given(
    exported: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    exported.write_bytes(change(exported.read_bytes()))
    with pytest.raises(FeedError, match=words), _opened(exported):
        pytest.fail("it was opened")


def test_a_snapshot_that_nobody_signed_leaves_no_folder(exported: Path) -> None:
    exported.write_bytes(_resign(exported.read_bytes()))
    with pytest.raises(FeedError, match="another key"), _opened(exported):
        pytest.fail("it was opened")
    assert not (exported.parent / "room").exists()


def test_a_link_to_a_snapshot_is_refused(exported: Path) -> None:
    link = exported.parent / "link.hfs"
    link.symlink_to(exported)
    with pytest.raises(FeedError, match="a link"), _opened(link):
        pytest.fail("it was opened")
    with pytest.raises(FeedError, match="a link"):
        is_records_file(link)
    assert is_records_file(exported)


BODY = '{"id":"L-1"}'
GOOD: list[Row] = [
    (SECTION, "PyPI"),
    (RECORD, "L-1", BODY),
    (RECORD, "L-2", BODY),
    (LIST, "kev"),
    (FIELDS, "CVE-1", "{}"),
]


def _signed(path: Path, rows: Sequence[Row | bytes], plain: int = 0, body: bytes | None = None) -> Path:
    """Write a snapshot that its maker signed, whatever is in it; its statement says two records and a list of one."""
    data = [one if isinstance(one, bytes) else framed(one) for one in rows]
    digests = {"PyPI": PartDigest("PyPI"), "kev": PartDigest("kev")}
    for row in data[1:3]:
        digests["PyPI"].add(row)
    for row in data[4:]:
        digests["kev"].add(row)
    packed = zlib.compress(b"".join(data)) if body is None else body
    contents = RecordsContents(
        hashlib.sha256(packed).hexdigest(),
        len(packed),
        sum(map(len, data)) + plain,
        (Snapshot("PyPI", "osv", START, START, 2, None, digest=str(digests["PyPI"])),),
        (ListState("kev", "cisa", START, len(data) - 4, str(digests["kev"])),),
    )
    path.write_bytes(MAGIC + _sealed(records_to_statement(contents)).encode() + b"\n" + packed)
    return path


def test_rows_that_are_right_are_taken(tmp_path: Path) -> None:
    with _opened(_signed(tmp_path / "x", GOOD)) as feed:
        assert [name for name, _ in _bodies(feed, "PyPI")] == ["L-1", "L-2"]


def _with(place: int, *rows: Row | bytes) -> list[Row | bytes]:
    return [*GOOD[:place], *rows, *GOOD[place + 1 :]]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (_with(0, (SECTION, "npm")), "does not say here"),
        (_with(0, (LIST, "PyPI")), "does not say here"),
        (_with(1, (RECORD, "L-2", BODY)), "out of order, or twice"),
        (_with(1, (RECORD, "L-3", BODY)), "out of order, or twice"),
        (_with(1, (FIELDS, "L-1", BODY)), "rows of no part"),
        (_with(1, (RECORD, "", BODY)), "can't be read"),
        (_with(1, (RECORD, "x" * 5000, BODY)), "can't be read"),
        (_with(1, (RECORD, "L-1", b"\xff")), "can't be read"),
        (_with(1, (RECORD, "L-1", BODY, 1)), "can't be read"),
        (_with(1, (RECORD, "L-1", " " * (33 << 20))), "a record of"),
        (_with(3, (LIST, "epss")), "does not say here"),
        (_with(3, (RECORD, "L-3", BODY)), "rows of no part|other rows"),
        (_with(4, (FIELDS, "CVE-1", "[]")), "fields that can't be read"),
        (_with(4, (FIELDS, "CVE-1", '{"a":{"b":1}}')), "fields that can't be read"),
        (_with(4, (FIELDS, "CVE-1", "[" * 100_000)), "fields that can't be read"),
        (_with(4, (FIELDS, "CVE-1", '{"epss":"high"}')), "a score that is none"),
        (_with(4, (FIELDS, "CVE-1", '{"epss":97.5}')), "a score that is none"),
        (_with(4, (FIELDS, "GHSA-1", "{}")), "a list with"),
        (_with(4, (9, "x")), "can't be read"),
        (_with(4, framed((FIELDS,))[:-1]), "half a row|a row|can't be read"),
        ([*GOOD, (SECTION, "npm")], "does not say here|other rows"),
        (GOOD[:1], "other rows"),
        (GOOD[:3], "fewer parts"),
        (GOOD[1:], "rows of no part"),
    ],
)
def test_rows_that_are_not_right_are_refused_though_they_are_signed(
    tmp_path: Path, rows: list[Row | bytes], words: str
) -> None:
    with pytest.raises(FeedError, match=words), _opened(_signed(tmp_path / "x", rows)):
        pytest.fail("it was opened")


def test_a_bomb_ends_at_the_size_that_was_said(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(32 << 20))
    for plain, words in ((0, "than its statement says"), (5 << 30, "expected at most"), (8 << 20, "a row of 0 bytes")):
        path = _signed(tmp_path / "x", GOOD, plain, bomb)
        with pytest.raises(FeedError, match=words), _opened(path):
            pytest.fail("it was opened")


def _statement(**more: Any) -> bytes:
    contents = RecordsContents("0" * 64, 1, 1, (Snapshot("PyPI", "osv", START, START, 1, digest="d"),), ())
    document = msgspec.json.decode(records_to_statement(contents))
    document["predicate"] |= more
    return msgspec.json.encode(document)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (_statement(ecosystems=[]), "each ecosystem once"),
        (_statement(payloadBytes=0), "expected at most"),
        (_statement(plainBytes=1 << 40), "expected at most"),
        (_statement(more=1), "no snapshot of records"),
        (_statement(lists=[{"kind": "kev"}]), "no snapshot of records"),
        (_statement().replace(b"records:v1", b"records:v2"), "no snapshot of records"),
        (_statement().replace(b'"name":"records"', b'"name":"advisories"'), "expected one subject"),
        (b"[]", "no snapshot of records"),
        (b"[" * 100_000, "no snapshot of records"),
    ],
)
def test_a_statement_that_says_what_cannot_be_is_refused(payload: bytes, words: str) -> None:
    assert parse_records_contents(_statement(), "x").snapshots[0].ecosystem == "PyPI"
    with pytest.raises(FeedError, match=words):
        parse_records_contents(payload, "x")


@pytest.mark.parametrize("kinds", [["kev", "epss"], ["kev", "kev"], ["abc"]])
def test_lists_come_once_in_order_and_of_known_kinds(kinds: list[str]) -> None:
    lists = [{"kind": one, "source": "x", "asOf": START.isoformat(), "rows": 1, "digest": "d"} for one in kinds]
    with pytest.raises(FeedError, match="each list once"):
        parse_records_contents(_statement(lists=lists), "x")


def test_a_part_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[str, str]]:
        yield "L-1", BODY
        raise FeedError("the feed was cut")

    (tmp_path / "x").write_text("old")
    snapshot = Snapshot("PyPI", "osv", START - timedelta(days=1), None, 0)
    with pytest.raises(FeedError, match="cut"):
        write_records_file(tmp_path / "x", [RecordsPart("PyPI", failing(), lambda _: snapshot)], list, _sealed)
    assert (tmp_path / "x").read_text() == "old"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8))
def test_any_signed_rows_are_taken_or_refused(tmp_path: Path, rows: list[bytes]) -> None:
    data: list[Row | bytes] = [*GOOD, *(len(one).to_bytes(4, "big") + one for one in rows)]
    taken = False
    with suppress(FeedError), _opened(_signed(tmp_path / "x", data)):
        taken = True
    assert taken is (rows == [])


def test_the_file_is_closed_when_it_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PK\x03\x04../../etc/passwd")
    assert not is_records_file(tmp_path / "x")
    with pytest.raises(FeedError, match="could not be read"):
        is_records_file(tmp_path / "nowhere")
    with open_plain_file(tmp_path / "x") as file:
        assert file.read(2) == b"PK"
