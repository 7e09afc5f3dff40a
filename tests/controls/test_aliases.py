from collections import defaultdict
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.aliases import Clusters, Created, Joined, Left, Merged, Split, Vanished, cluster, find_whole

ids = st.sampled_from([f"{prefix}-{number}" for prefix in ("A", "B", "CVE") for number in range(4)])
changes = st.lists(st.tuples(ids, st.none() | st.lists(ids, max_size=3)), max_size=14)


class Story:
    """Applies changes in order, numbering clusters as they begin."""

    def __init__(self) -> None:
        self.clusters = Clusters()
        self._numbers = count(1)
        self._time = count(1)

    def change(self, record: str, *aliases: str) -> tuple[object, ...]:
        return self.clusters.apply(record, aliases, created=next(self._time), new_id=self._new)

    def remove(self, record: str) -> tuple[object, ...]:
        return self.clusters.apply(record, None, created=next(self._time), new_id=self._new)

    def partition(self) -> dict[str, set[str]]:
        return {one.id: set(one.members) for one in self.clusters.clusters}

    def _new(self) -> str:
        return f"c{next(self._numbers)}"


def test_cluster_joins_records_through_a_shared_alias() -> None:
    found = cluster([("GHSA-1", ["CVE-1"]), ("PYSEC-1", ["CVE-1"]), ("GO-1", []), ("RUST-1", ["RUST-1"])])
    assert found == {"CVE-1": "CVE-1", "GHSA-1": "CVE-1", "PYSEC-1": "CVE-1", "GO-1": "GO-1", "RUST-1": "RUST-1"}


def test_cluster_follows_an_alias_in_either_direction() -> None:
    assert len(set(cluster([("A", ["B"]), ("B", []), ("C", ["B"])]).values())) == 1


def test_first_record_creates_a_cluster_and_the_next_joins_it() -> None:
    story = Story()
    assert story.change("GHSA-1", "CVE-1") == (Created("c1", ("CVE-1", "GHSA-1")),)
    assert story.change("PYSEC-1", "CVE-1") == (Joined("c1", ("PYSEC-1",)),)


def test_unchanged_record_changes_nothing() -> None:
    story = Story()
    story.change("GHSA-1", "CVE-1")
    assert story.change("GHSA-1", "CVE-1") == ()


def test_merge_keeps_the_cluster_created_first() -> None:
    story = Story()
    story.change("Z-1", "CVE-1")
    story.change("A-1", "CVE-2")
    assert story.change("A-1", "CVE-2", "CVE-1") == (Merged("c1", ("c2",)),)
    assert story.partition() == {"c1": {"Z-1", "A-1", "CVE-1", "CVE-2"}}


def test_split_leaves_the_id_with_the_founder() -> None:
    story = Story()
    story.change("A-1", "CVE-1")
    story.change("B-1", "CVE-1", "CVE-2")
    assert story.change("B-1", "CVE-2") == (Split("c1", ("c2",)),)
    assert story.partition() == {"c1": {"A-1", "CVE-1"}, "c2": {"B-1", "CVE-2"}}


def test_one_change_may_split_one_cluster_and_join_another() -> None:
    story = Story()
    story.change("A-1", "CVE-1")
    story.change("B-1", "CVE-1")
    story.change("A-9", "CVE-9")
    assert story.change("B-1", "CVE-9") == (Split("c1", ("c2",)),)
    assert story.partition() == {"c1": {"A-1", "CVE-1"}, "c2": {"A-9", "B-1", "CVE-9"}}


def test_removed_record_leaves_and_its_cluster_vanishes_at_last() -> None:
    story = Story()
    story.change("A-1", "CVE-1")
    story.change("B-1", "CVE-1")
    assert story.remove("A-1") == (Left("c1", ("A-1",)),)
    assert story.remove("B-1") == (Vanished("c1"),)
    assert story.clusters.find_cluster("CVE-1") is None


@given(changes)
def test_incremental_partition_is_the_recomputed_one(steps: list[tuple[str, list[str] | None]]) -> None:
    story = Story()
    records: dict[str, list[str]] = {}
    for record, aliases in steps:
        if aliases is None:
            story.remove(record)
            records.pop(record, None)
        else:
            story.change(record, *aliases)
            records[record] = aliases
        expected: dict[str, set[str]] = defaultdict(set)
        for member, representative in cluster(records.items()).items():
            expected[representative].add(member)
        assert sorted(map(sorted, story.partition().values())) == sorted(map(sorted, expected.values()))
        assert all(one.founder in one.members for one in story.clusters.clusters)


@given(changes)
def test_events_account_for_every_cluster_that_begins_or_ends(steps: list[tuple[str, list[str] | None]]) -> None:
    story = Story()
    for record, aliases in steps:
        before = story.partition()
        events = story.remove(record) if aliases is None else story.change(record, *aliases)
        after = story.partition()
        ended = {one for event in events if isinstance(event, Merged) for one in event.absorbed}
        ended |= {event.cluster for event in events if isinstance(event, Vanished)}
        begun = {event.cluster for event in events if isinstance(event, Created)}
        begun |= {one for event in events if isinstance(event, Split) for one in event.into} - set(before)
        assert ended == set(before) - set(after)
        assert begun == set(after) - set(before)
        assert bool(events) == (before != after)


@given(changes, ids, st.lists(ids, max_size=3))
def test_change_needs_only_the_clusters_it_touches(
    steps: list[tuple[str, list[str] | None]], record: str, aliases: list[str]
) -> None:
    story = Story()
    records: dict[str, list[str]] = {}
    for name, found in steps:
        story.change(name, *(found or ()))
        records[name] = found or []
    touched = {one for member in (record, *aliases) if (one := story.clusters.find_cluster(member))}
    held = {name: records[name] for one in touched for name in one.members if name in records}
    part = Clusters(touched, held)
    events = part.apply(record, aliases, created=99, new_id=map("new{}".format, count()).__next__)
    assert story.clusters.apply(record, aliases, created=99, new_id=map("new{}".format, count()).__next__) == events


def test_the_name_of_several_cves_is_the_record_that_names_each_of_them() -> None:
    records = [("GO-1", ["CVE-1", "CVE-2", "GHSA-1"]), ("GHSA-1", ["CVE-1", "GO-1"]), ("CVE-1", ["CVE-2"])]
    members = {"GO-1", "GHSA-1", "CVE-1", "CVE-2"}
    assert find_whole(members, records) == ("GO-1",)
    assert find_whole(members | {"CVE-3"}, records) == ()
    assert find_whole({"GO-1", "CVE-1"}, [("GO-1", ["CVE-1"])]) == ()
