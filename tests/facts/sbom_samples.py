"""Compositions for the tests of what writes documents: random ones whose paths are those of a graph."""

from hypothesis import strategies as st

from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Source, Unparsed

_NAMES = st.text("abcXYZ019-_.~ @/+%é=()", min_size=1, max_size=12).filter(lambda name: name.strip("/ @") == name)
_LINES = st.none() | st.integers(1, 5000)
_PLACES = st.lists(st.builds(Location, st.sampled_from(["uv.lock", "a b/package-lock.json"]), _LINES), min_size=1)
_LICENSES = st.lists(st.sampled_from(["MIT", "MIT OR Apache-2.0", "Own terms", "mit", "LicenseRef-1"]), unique=True)


@st.composite
def sboms(draw: st.DrawFn) -> Sbom:
    """A composition whose components have each a name of their own."""
    names = draw(st.lists(_NAMES, min_size=0, max_size=8, unique_by=lambda name: name.lower()))
    names = [name.replace("/", "-") for name in names]
    numbers = range(len(names))
    edges = [draw(st.lists(st.sampled_from(numbers), max_size=3)) for _ in names]
    direct = set(draw(st.lists(st.sampled_from(numbers), max_size=3))) if names else set()
    paths = shortest_paths(direct, edges, names)
    every = [_occurrence(draw, names[number], number in direct, paths.get(number)) for number in numbers]
    gaps = draw(st.lists(st.builds(Unparsed, st.just("x"), _LINES, st.sampled_from(["cut", "odd"])), unique=True))
    return Sbom(tuple({one.component: one for one in every}.values()), (), tuple(gaps))


def _occurrence(draw: st.DrawFn, name: str, direct: bool, path: tuple[str, ...] | None) -> Occurrence:
    source = draw(st.sampled_from(Source))
    version = draw(st.sampled_from(["1.0", "2~rc1+b", "1:2.3-4"] if source is Source.REGISTRY else ["", "1.0"]))
    known = draw(st.sampled_from([False, None])) if path is None else direct
    component = Component("crates.io", name, version, source)
    places = tuple(dict.fromkeys(draw(_PLACES)))
    return Occurrence(
        component, places, known, path or (), draw(st.sampled_from(Scope)), licenses=tuple(draw(_LICENSES))
    )
