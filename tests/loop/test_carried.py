"""What was carried here is compared with what is here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import FeedError
from holdfast.loop.carried import find_missing, find_older, find_older_lists, refuse_future, refuse_future_lists
from holdfast.model.advisory import Snapshot
from holdfast.testing.clocks import START

SNAPSHOT = Snapshot("PyPI", "osv", START, START, 1, None)
EARLIER = START - timedelta(seconds=1)


def test_older_is_told_by_sync_and_by_record() -> None:
    assert find_older([SNAPSHOT], [SNAPSHOT]) == []
    assert find_older([SNAPSHOT, replace(SNAPSHOT, ecosystem="npm")], [SNAPSHOT]) == []
    assert "was synced" in find_older([replace(SNAPSHOT, synced_at=EARLIER)], [SNAPSHOT])[0]
    assert "was synced never" in find_older([replace(SNAPSHOT, synced_at=None)], [SNAPSHOT])[0]
    assert "newest record" in find_older([replace(SNAPSHOT, newest=EARLIER)], [SNAPSHOT])[0]
    assert "without date" in find_older([replace(SNAPSHOT, newest=None)], [SNAPSHOT])[0]


def test_what_is_missing_is_told_apart_from_what_is_older() -> None:
    held = [SNAPSHOT, replace(SNAPSHOT, ecosystem="npm")]
    assert find_older([SNAPSHOT], held) == []
    assert find_missing([SNAPSHOT], held) == ["npm is not in it"]


def test_a_list_is_older_by_its_own_date() -> None:
    held = {"kev": ("cisa", START), "epss": ("first", START)}
    assert find_older_lists({"kev": ("elsewhere", START)}, held) == []
    (told,) = find_older_lists({"kev": ("cisa", EARLIER), "ssvc": ("cisa", EARLIER)}, held)
    assert told.startswith("KEV is of ")


def test_a_sync_that_is_yet_to_come_is_refused() -> None:
    refuse_future([SNAPSHOT], START, "x")
    with pytest.raises(FeedError, match="yet to come"):
        refuse_future([SNAPSHOT], START - timedelta(hours=2), "x")


def test_a_list_of_a_day_that_is_yet_to_come_is_refused() -> None:
    refuse_future_lists({"kev": ("cisa", START)}, START, "x")
    with pytest.raises(FeedError, match=r"KEV is of .* yet to come"):
        refuse_future_lists({"kev": ("cisa", START)}, START - timedelta(hours=2), "x")
