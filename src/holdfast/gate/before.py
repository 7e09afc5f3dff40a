"""What was there before a change: which findings, for how much they counted, and in which service's folders.

Rules:

1. A finding was there before when the base has one with a key of its own, at least as strong in scope: what was a
   tool's alone and ships now is new.
2. Of several bases at once, only what each of them has was there before.
3. Where several services share a tree, what reaches a folder of another service is new there.
"""

from collections.abc import Iterable, Sequence

from holdfast.model.component import Scope
from holdfast.model.finding import Finding

_STRENGTH = {Scope.DEVELOPMENT: 0, Scope.OPTIONAL: 1, Scope.RUNTIME: 2}


class Before:
    """The findings of a base. `folders` are (folder, service) of those that share the tree, `""` for all of it.

    With fewer than two services all is one place.
    """

    def __init__(self, findings: Iterable[Finding], folders: Sequence[tuple[str, str]] = ()) -> None:
        shared = len({service for _, service in folders}) > 1
        self._folders = sorted(folders, key=lambda one: -len(one[0])) if shared else []
        self._found: dict[tuple[tuple[str, ...], str], int] = {}
        for one in findings:
            for key in one.keys:
                for service in self._services(one):
                    self._found[key, service] = max(_STRENGTH[one.scope], self._found.get((key, service), 0))

    def has(self, finding: Finding) -> bool:
        """Whether a finding was there before, in every service that it is in now."""
        strength, keys = _STRENGTH[finding.scope], finding.keys
        return all(
            any(self._found.get((key, service), -1) >= strength for key in keys) for service in self._services(finding)
        )

    def _services(self, finding: Finding) -> frozenset[str]:
        """Return the service of each of its places, by the innermost folder; `""` where there is none."""
        if not self._folders:
            return frozenset({""})
        return frozenset(self._service(place.file) for place in finding.locations) or frozenset({""})

    def _service(self, file: str) -> str:
        return next((name for one, name in self._folders if one in {"", file} or file.startswith(f"{one}/")), "")


class BeforeAll:
    """Several bases at once; with none at all, nothing was there before."""

    def __init__(self, bases: Iterable[Before]) -> None:
        self._bases = list(bases)

    def has(self, finding: Finding) -> bool:
        """Whether a finding was there before in every base."""
        return bool(self._bases) and all(one.has(finding) for one in self._bases)
