"""Reachability in a dependency graph of numbered nodes: shortest paths, and the strongest scope."""

from collections import deque
from collections.abc import Iterable, Sequence

from holdfast.model.component import Scope

MAX_PATH = 64
"""A longer chain is no help to a person; its path counts as unknown."""


def shortest_paths(
    direct: Iterable[int], edges: Sequence[Sequence[int]], names: Sequence[str]
) -> dict[int, tuple[str, ...]]:
    """Return, for each node reached, the names from a direct one down to the one above it; `()` for direct ones."""
    above: dict[int, int | None] = dict.fromkeys(sorted(set(direct)))
    depth = dict.fromkeys(above, 0)
    queue = deque(above)
    while queue:
        node = queue.popleft()
        for child in edges[node]:
            if child not in above:
                above[child] = node
                depth[child] = depth[node] + 1
                queue.append(child)
    return {node: _path(node, above, names) if depth[node] <= MAX_PATH else () for node in above}


def _path(node: int, above: dict[int, int | None], names: Sequence[str]) -> tuple[str, ...]:
    path: list[str] = []
    step = above[node]
    while step is not None:
        if not path or path[-1] != names[step]:
            path.append(names[step])
        step = above[step]
    return tuple(reversed(path))


def reached_scopes(roots: Sequence[tuple[Scope, Iterable[int]]], edges: Sequence[Sequence[int]]) -> dict[int, Scope]:
    """Return the scope of each node reached. `roots` go from the strongest scope to the weakest; the first wins."""
    found: dict[int, Scope] = {}
    for scope, starts in roots:
        stack = [node for node in starts if node not in found]
        while stack:
            node = stack.pop()
            if node in found:
                continue
            found[node] = scope
            stack.extend(child for child in edges[node] if child not in found)
    return found
