"""An org's view of advisories and clusters: its own layer over the public one."""

from collections.abc import Iterable, Mapping, Sequence

from holdfast.edges.stores.session import Session, chunks
from holdfast.model.tenancy import PUBLIC

_HOMES = "SELECT org, member, cluster FROM alias_cluster WHERE org IN :layers AND member IN :ids"
_MEMBERS = "SELECT member FROM alias_cluster WHERE cluster IN :ids AND org IN :layers"
_NUMBERS = "SELECT org, id, number FROM advisory WHERE org IN :layers AND id IN :ids"
_NAMES = "SELECT org, id, number FROM advisory WHERE number IN :numbers AND org IN :layers"


def layers_of(session: Session) -> list[str]:
    """Return the layers a transaction sees, its own last."""
    return list(dict.fromkeys((PUBLIC, session.org)))


def homes_of(session: Session, members: Iterable[str]) -> dict[str, str]:
    """Return id → cluster, the own layer's word over the public one's."""
    found: dict[str, tuple[bool, str]] = {}
    for ids in chunks(dict.fromkeys(members)):
        for row in session.rows(_HOMES, {"layers": layers_of(session), "ids": ids}):
            own = row.org != PUBLIC
            if own or row.member not in found:
                found[row.member] = (own, row.cluster)
    return {member: cluster for member, (_, cluster) in found.items()}


def members_of(session: Session, clusters: Iterable[str]) -> Mapping[str, list[str]]:
    """Return cluster → every id in it, sorted; a cluster without members is left out."""
    wanted = list(dict.fromkeys(clusters))
    candidates: set[str] = set()
    for ids in chunks(wanted):
        rows = session.rows(_MEMBERS, {"layers": layers_of(session), "ids": ids})
        candidates.update(row.member for row in rows)
    members: dict[str, list[str]] = {}
    known = set(wanted)
    for member, cluster in sorted(homes_of(session, candidates).items()):
        if cluster in known:
            members.setdefault(cluster, []).append(member)
    return members


def visible_numbers(session: Session, advisory_ids: Iterable[str]) -> dict[str, int]:
    """Return id → number of the records an org sees, its own over public ones."""
    found: dict[str, tuple[bool, int]] = {}
    for ids in chunks(dict.fromkeys(advisory_ids)):
        for row in session.rows(_NUMBERS, {"layers": layers_of(session), "ids": ids}):
            own = row.org != PUBLIC
            if own or row.id not in found:
                found[row.id] = (own, row.number)
    return {advisory_id: number for advisory_id, (_, number) in found.items()}


def names_of(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """Return number → id of those records that the org sees: not hidden by one of its own, not of another org."""
    found: dict[int, str] = {}
    public: dict[int, str] = {}
    for some in chunks(dict.fromkeys(numbers)):
        for row in session.rows(_NAMES, {"layers": layers_of(session), "numbers": some}):
            (public if row.org == PUBLIC else found)[row.number] = row.id
    if session.org == PUBLIC:
        return public
    hidden: set[str] = set()
    for ids in chunks(public.values()):
        rows = session.rows(_NUMBERS, {"layers": [session.org], "ids": ids})
        hidden.update(row.id for row in rows)
    return found | {number: name for number, name in public.items() if name not in hidden}
