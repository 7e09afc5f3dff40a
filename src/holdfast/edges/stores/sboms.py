"""Compositions, stored once an org by content digest; components, stored once for all."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, select

from holdfast.edges.stores.schema_facts import COMPONENT, OCCURRENCE, RELEASE, SBOM
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.stays import refresh_releases
from holdfast.edges.stores.values import from_body, from_places, from_texts, to_body, to_places, to_texts
from holdfast.errors import FactError, NotFoundError
from holdfast.model.component import Component, Occurrence, Sbom, Scope, Source, Unparsed
from holdfast.model.frozen import frozen

MAX_KEY_BYTES = 1024
_OCCURRENCE = ("sbom", "component", "position", "direct", "path", "scope", "locations", "licenses")
_COMPONENT = [column.name for column in COMPONENT.columns if column.name != "id"]


@frozen
class Detail:
    """What an SBOM says beside its components."""

    files: tuple[tuple[str, str, int], ...]
    unparsed: tuple[Unparsed, ...]


@lru_cache(maxsize=1024)
def from_detail(body: str) -> tuple[tuple[tuple[str, str, int], ...], tuple[Unparsed, ...]]:
    """Return (files, unparsed) of an SBOM's stored detail."""
    detail = from_body(body, Detail)
    return detail.files, detail.unparsed


class SqlSboms:
    """Compositions by digest."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, digest: str, sbom: Sbom) -> None:
        """Keep it; one that is known by its digest costs one look."""
        if self._find(digest) is not None:
            return
        session, occurrences = self._session, _one_each(sbom.occurrences)
        ids = component_ids(session, [occurrence.component for occurrence in occurrences])
        row = {
            "org": session.org,
            "digest": digest,
            "components": len(occurrences),
            "detail": to_body(Detail(sbom.files, sbom.unparsed)),
        }
        session.change(session.insert(SBOM), [row])
        found = self._find(digest)
        number = found.id if found is not None else 0
        session.add(OCCURRENCE, _OCCURRENCE, occurrence_rows(number, occurrences, ids))
        query = select(RELEASE.c.id).where(RELEASE.c.org == session.org, RELEASE.c.sbom == digest)
        refresh_releases(session, [row.id for row in session.rows(query)])

    def load(self, digest: str) -> Sbom:
        """Return it, occurrences in the order they were given. Raises: NotFoundError."""
        found = self._find(digest)
        if found is None:
            raise NotFoundError(f"there is no SBOM `{digest[:80]}`")
        query = select(OCCURRENCE, COMPONENT).join(COMPONENT, COMPONENT.c.id == OCCURRENCE.c.component)
        rows = self._session.rows(query.where(OCCURRENCE.c.sbom == found.id).order_by(OCCURRENCE.c.position))
        files, unparsed = from_detail(found.detail)
        return Sbom(tuple(_occurrence(row) for row in rows), files, unparsed)

    def has(self, digest: str) -> bool:
        """Whether it is kept."""
        return self._find(digest) is not None

    def _find(self, digest: str) -> Row[Any] | None:
        row: Row[Any] | None = self._session.row(
            select(SBOM).where(SBOM.c.org == self._session.org, SBOM.c.digest == digest)
        )
        return row


def _one_each(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Return one occurrence a component; one told twice has the places of both."""
    found: dict[Component, Occurrence] = {}
    for occurrence in occurrences:
        first = found.setdefault(occurrence.component, occurrence)
        if first is not occurrence:
            places = dict.fromkeys((*first.locations, *occurrence.locations))
            found[occurrence.component] = replace(first, locations=tuple(places))
    return list(found.values())


def occurrence_rows(
    number: int, occurrences: Sequence[Occurrence], ids: Mapping[bytes, int]
) -> Iterable[tuple[Any, ...]]:
    """Yield the stored rows of one SBOM's occurrences."""
    for position, occurrence in enumerate(occurrences):
        yield (
            number,
            ids[identity_of(occurrence.component)],
            position,
            occurrence.direct,
            to_texts(occurrence.path),
            occurrence.scope.value,
            to_places(occurrence.locations),
            to_texts(occurrence.licenses) if occurrence.licenses else None,
        )


def identity_of(component: Component) -> bytes:
    """Return the digest of all that makes a component this one."""
    parts = (
        component.ecosystem,
        component.name,
        component.version,
        component.source.value,
        component.qualifiers,
        component.source_package,
        component.source_version,
    )
    text = json.dumps(parts, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=20).digest()


def component_ids(session: Session, components: Iterable[Component]) -> dict[bytes, int]:
    """Return identity → id, creating the components that are new."""
    wanted = {identity_of(component): component for component in components}
    known = _known_ids(session, wanted)
    new = sorted(identity for identity in wanted if identity not in known)
    if new:  # in one order everywhere, so that two writers never wait for each other in a ring
        rows = [_component_row(identity, wanted[identity]) for identity in new]
        for some in chunks(rows, 5000):
            session.change(session.insert(COMPONENT).on_conflict_do_nothing(), some)
        known |= _known_ids(session, new)
    return known


def _known_ids(session: Session, identities: Iterable[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in chunks(identities):
        query = select(COMPONENT.c.identity, COMPONENT.c.id).where(COMPONENT.c.identity.in_(some))
        found.update((bytes(row.identity), row.id) for row in session.rows(query))
    return found


def _component_row(identity: bytes, component: Component) -> dict[str, Any]:
    return {
        "identity": identity,
        "ecosystem": component.ecosystem,
        "name": component.name,
        "version": component.version,
        "source": component.source.value,
        "qualifiers": to_body(component.qualifiers),
        "source_package": component.source_package,
        "source_version": component.source_version,
        "purl": _purl(component),
        "match_name": component.match_name,
        "key": key_of(component),
    }


def _purl(component: Component) -> str:
    try:
        return component.purl
    except UnicodeEncodeError:
        raise FactError(f"a component whose purl is no text: `{component.name}`") from None


def key_of(component: Component) -> bytes | None:
    """Return the component's version key; `None` where it has to be compared pairwise, or is not matched at all."""
    if component.source is not Source.REGISTRY:
        return None
    from holdfast.controls.versions import version_key

    key = version_key(component.ecosystem, component.match_version)
    return key if key is None or len(key) <= MAX_KEY_BYTES else None


def _occurrence(row: Row[Any]) -> Occurrence:
    qualifiers = tuple((str(key), str(value)) for key, value in json.loads(row.qualifiers))
    component = Component(
        row.ecosystem, row.name, row.version, Source(row.source), qualifiers, row.source_package, row.source_version
    )
    return Occurrence(
        component,
        from_places(row.locations),
        row.direct,
        from_texts(row.path),
        Scope(row.scope),
        licenses=from_texts(row.licenses) if row.licenses else (),
    )
