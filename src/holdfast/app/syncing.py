"""Syncing the feeds of a data folder in this process, without a server."""

from collections.abc import Callable
from pathlib import Path

from holdfast.app.house import House, open_house
from holdfast.app.local_api import require_data_folder
from holdfast.app.schedule import sync_enrichments
from holdfast.app.settings import read_settings
from holdfast.edges.providers.osv_open import open_feed
from holdfast.errors import UsageError
from holdfast.loop.feeds import sync
from holdfast.loop.refresh import judge_clusters

Progress = Callable[[str, int, int | None], None]


def sync_here(data: Path, feed: str | None, progress: Progress) -> list[str]:
    """Sync enrichments, then advisories of all that runs, and judge what changed; returns what went wrong, in words.

    Raises:
        UsageError: there is no data folder, or no feed is wanted.
    """
    settings = read_settings(data, feed=feed)
    require_data_folder(data)
    if settings.feed is None:
        raise UsageError("no feed is named", hint="--feed with a bucket's URL, a folder or a zip")
    house = open_house(settings)
    try:
        return [*sync_enrichments(house), *_sync_advisories(house, settings.feed, progress)]
    finally:
        house.close()


def _sync_advisories(house: House, feed: str, progress: Progress) -> list[str]:
    report = sync(house.store, open_feed(feed, house.settings.downloads), house.clock, progress=progress)
    if report.clusters:
        judge_clusters(house.store, house.clock, house.ids, report.clusters)
    failed = [f"{one.ecosystem}: {one.error}" for one in report.snapshots if one.error]
    return [*failed, *report.problems]
