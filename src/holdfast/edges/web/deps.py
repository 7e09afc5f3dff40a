"""What the pages are given when they are put together."""

from collections.abc import Callable
from dataclasses import field
from datetime import timedelta

from holdfast.edges.web.remember import Memory
from holdfast.model.frozen import frozen
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store
from holdfast.ports.world import Targets


def _nobody_listens(org: str) -> None:
    """What `on_change` is when nobody needs to be told."""


@frozen
class WebDependencies:
    """Everything the pages reach.

    A feed that was last synced longer ago than `feed_max_age` makes what it judges unknown. `on_change(org)` is called
    after every commit of a page's form: it wakes the engine and the event streams. `play_demo` begins the demo, where
    there is one to play; it returns at once. `events` is the address of the event stream,
    `targets` what the operator lets plans reach.
    """

    store: Store
    clock: Clock
    ids: Ids
    feed_max_age: timedelta = timedelta(days=2)
    on_change: Callable[[str], None] = _nobody_listens
    play_demo: Callable[[], None] | None = None
    events: str = "/api/v1/events"
    targets: Targets | None = None
    memory: Memory = field(default_factory=Memory)
