"""Edges between the entries of a document, which name each other by reference."""

from collections.abc import Iterable, Sequence

from holdfast.facts.lockfiles._graph import shortest_paths


class EntryGraph:
    """Who is direct, and a path to who is not, over the numbers of entries.

    `refs` are the references of the entries (`None` without one), `names` what they are called in paths, `edges` pairs
    (reference above, references below); `subject` is the reference of what the document describes. A reference that
    no entry has is passed over.
    """

    def __init__(
        self,
        refs: Sequence[object],
        names: Sequence[str],
        edges: Iterable[tuple[object, Iterable[object]]],
        subject: object,
    ) -> None:
        numbers = {ref: number for number, ref in enumerate(refs) if isinstance(ref, str)}
        below: list[list[int]] = [[] for _ in refs]
        self._direct: set[int] = set()
        for above, wanted in edges:
            children = [numbers[ref] for ref in wanted if isinstance(ref, str) and ref in numbers]
            if above is not None and above == subject:
                self._direct.update(children)
            elif isinstance(above, str) and above in numbers:
                below[numbers[above]] += children
        self._paths = shortest_paths(self._direct, below, names)

    def known(self, number: int) -> tuple[bool | None, tuple[str, ...]]:
        """Return (direct, path) of an entry; `(None, ())` where what is described does not reach it."""
        path = self._paths.get(number)
        return (None, ()) if path is None else (number in self._direct, path)
