"""Syncing feeds and enrichments into the store, and judging what that changed: by schedule, or by a command."""

from collections.abc import Callable
from pathlib import Path

from holdfast.app.house import House, open_house
from holdfast.app.local_api import require_data_folder
from holdfast.app.settings import read_settings
from holdfast.edges.providers.compiled_store import compile_store
from holdfast.edges.providers.enrichment_epss import EpssSource
from holdfast.edges.providers.enrichment_kev import KevSource
from holdfast.edges.providers.enrichment_ssvc import SsvcSource
from holdfast.edges.providers.osv_open import open_feed
from holdfast.errors import UsageError
from holdfast.loop.enrichments import load_enrichments
from holdfast.loop.feeds import sync
from holdfast.loop.refresh import judge_clusters
from holdfast.loop.unjudged import Unjudged, clusters_of_feeds, end_unjudged, find_unjudged
from holdfast.ports.feed import EnrichmentSource

Progress = Callable[[str, int, int | None], None]
SOURCES: dict[str, Callable[[str], EnrichmentSource]] = {"kev": KevSource, "epss": EpssSource, "ssvc": SsvcSource}
COMPILED = "advisories.hf"


def sync_everything(house: House, progress: Progress, *, enrich: bool = True) -> list[str]:
    """Sync advisories of all that runs, then enrichments; judge what changed; returns what went wrong, in words.

    Scans of this data folder use what was synced: the compiled file is written anew when records changed. What a sync
    that was cut left is done as well.
    """
    settings, store, clock = house.settings, house.store, house.clock
    if settings.feed is None:
        return []
    word = find_unjudged(store, clock, house.ids)
    feed = open_feed(settings.feed, settings.downloads)
    report = sync(store, feed, clock, progress=progress, guard=word.guard)
    clusters = set(report.clusters)
    failed = [f"{one.ecosystem}: {one.error}" for one in report.snapshots if one.error]
    again = bool(report.changed) or word.is_left
    if enrich or again:
        sources = [SOURCES[kind](location) for kind, location in settings.enrichments.items()]
        for state in load_enrichments(store, sources, clock, again=again, guard=word.guard):
            failed += [f"{state.kind}: {state.error}"] if state.error else []
            clusters |= live_clusters(house) if state.changed else set()
    judge_changed(house, clusters, word)
    if report.changed or word.is_left or not (settings.data / COMPILED).exists():
        compile_store(store, settings.data / COMPILED)
    end_unjudged(store, clock, word)
    return [*failed, *report.problems]


def judge_what_is_left(house: House) -> None:
    """Judge what a sync or an import brought that was cut, where there is any."""
    word = find_unjudged(house.store, house.clock, house.ids)
    if word.is_left:
        judge_changed(house, set(), word)
        compile_store(house.store, house.settings.data / COMPILED)
        end_unjudged(house.store, house.clock, word)


def judge_changed(house: House, clusters: set[str], word: Unjudged) -> None:
    """Judge clusters, and after a cut all that the feeds speak of; then tell who looks."""
    if word.is_left:
        clusters = clusters | clusters_of_feeds(house.store) | live_clusters(house)
    age, targets = house.settings.feed_max_age, house.outside.targets
    try:
        judge_clusters(house.store, house.clock, house.ids, sorted(clusters), feed_max_age=age, targets=targets)
    finally:  # what was judged before something failed is told, too
        for org in house.store.tenants.orgs():
            house.tell(org.id)


def live_clusters(house: House) -> set[str]:
    """Return the clusters of every org's live exposures."""
    out: set[str] = set()
    for org in house.store.tenants.orgs():
        with house.store.read(org.id) as tx:
            out |= {exposure.cluster for exposure in tx.exposures.all() if exposure.is_live}
    return out


def sync_here(data: Path, feed: str | None, progress: Progress) -> list[str]:
    """Sync the feeds of a data folder in this process; returns what went wrong, in words.

    Raises:
        UsageError: there is no data folder, or no feed is wanted.
    """
    settings = read_settings(data, feed=feed)
    require_data_folder(data)
    if settings.feed is None:
        raise UsageError("no feed is named", hint="--feed with a bucket's URL, a folder or a zip")
    house = open_house(settings)
    try:
        return sync_everything(house, progress)
    finally:
        house.close()
