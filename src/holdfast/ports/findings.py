"""Where what is wrong is kept, and what it derives from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.exposure import Exposure, Span, Subject
from holdfast.model.frozen import frozen


@frozen
class PlaceRow:
    """A subject in an environment as the store knows it.

    `watched_since` is when the first deployment or host state there was recorded; `still_runs` whether anything of the
    subject runs there at the instant asked for; `components` are (ecosystem, name, version) that run there then, of the
    packages asked for.
    """

    watched_since: datetime
    still_runs: bool
    components: frozenset[tuple[str, str, str]]


class Spans(Protocol):
    """Affected components that ran, past and present: matching, expanded on reading.

    A span is one deployment (or host state) × component × record that affects it. Withdrawn records give none.
    """

    def of_subjects(self, subjects: Sequence[tuple[Subject, str]]) -> Sequence[Span]:
        """Return the spans of (subject, environment) pairs."""
        ...

    def of_clusters(self, clusters: Sequence[str]) -> Sequence[Span]:
        """Return the spans of all records in these clusters."""
        ...

    def all(self) -> Iterator[Span]:
        """Yield every span: the full recompute."""
        ...

    def places(
        self, pairs: Collection[tuple[Subject, str]], packages: Collection[tuple[str, str]], at: datetime
    ) -> Mapping[tuple[str, str], PlaceRow]:
        """Return (subject id, environment) → what is known of it; `packages` are (ecosystem, component name)."""
        ...


class Exposures(Protocol):
    """Episodes of exposures. The current one of a fingerprint is that with the highest number.

    Those that drills made are given by `get` and `of_drill` alone: nothing real is judged or counted by them.
    """

    def of_subjects(self, subjects: Sequence[tuple[Subject, str]]) -> Sequence[Exposure]:
        """Return the current episodes of (subject, environment) pairs, resolved ones too."""
        ...

    def of_clusters(self, clusters: Sequence[str]) -> Sequence[Exposure]:
        """Return the current episodes of these clusters, resolved ones too."""
        ...

    def all(self, *, current: bool = True) -> Iterator[Exposure]:
        """Yield all episodes, or just the current ones."""
        ...

    def get(self, exposure_id: str) -> Exposure:
        """Return by id. Raises: NotFoundError."""
        ...

    def of_drill(self, drill_id: str) -> Sequence[Exposure]:
        """Return what a drill made, by id."""
        ...

    def save(self, exposures: Sequence[Exposure], aliases: Mapping[str, str] | None = None) -> None:
        """Create or change by id; `aliases` are further fingerprint → exposure id."""
        ...
