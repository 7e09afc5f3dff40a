"""A large, realistic inventory, made quickly: straight into the tables, the same in every run.

Most packages are invented and safe; some are the packages that OSV records speak of, at versions around those that were
fixed. One of them, `POPULAR`, is in more than half of all deployments. Each deployment has a release and a composition
of its own, so that a million instances are a million rows.

    .venv/bin/python -m benchmarks.seed STORE [DEPLOYMENTS [COMPONENTS]]
"""

import json
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import cast

from tests.shared import SHARED_DATA

from holdfast.edges.stores import open_store
from holdfast.edges.stores.sboms import component_ids, identity_of
from holdfast.edges.stores.schema_facts import DEPLOYMENT, OCCURRENCE, RELEASE, SBOM
from holdfast.edges.stores.stays import refresh_deployments
from holdfast.edges.stores.store import SqlStore, SqlTransaction
from holdfast.edges.stores.types import to_stored
from holdfast.errors import FactError
from holdfast.model.component import Component
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment, Reach, Service
from holdfast.model.tenancy import Org

POPULAR = "jinja2"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
VERSIONS_EACH = 3
_BATCH = 500
_ECOSYSTEMS = ("PyPI", "Go", "crates.io", "AlmaLinux")


@frozen
class Seeded:
    """What was made: the org, the ids of its services in order of name, and the sizes."""

    org: str
    services: tuple[str, ...]
    deployments: int
    instances: int
    distinct: int


def osv_components(limit: int = 4000, folder: Path = SHARED_DATA / "osv") -> list[Component]:
    """Return components that OSV records name, at versions that bound their ranges; none without the folder.

    Of one package there are at most three versions: a few packages have hundreds of records, and would be most of it.
    """
    found: dict[Component, None] = {}
    held: Counter[tuple[str, str]] = Counter()
    for ecosystem in _ECOSYSTEMS:
        archive = folder / ecosystem / "all.zip"
        if not archive.is_file():
            continue
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist()[:: max(1, len(opened.namelist()) * 4 // limit)]:
                for one in islice(_named(json.loads(opened.read(name))), 4):
                    if one not in found and held[one.ecosystem, one.name] < VERSIONS_EACH:
                        found[one] = None
                        held[one.ecosystem, one.name] += 1
    return list(found)[:limit]


def _named(record: dict[str, object]) -> list[Component]:
    out = []
    for affected in cast("list[dict[str, object]]", record.get("affected", [])):
        package = cast("dict[str, str]", affected["package"])
        for one in cast("list[dict[str, list[dict[str, str]]]]", affected.get("ranges", [])):
            for event in one["events"]:
                version = event.get("fixed") or event.get("introduced") or ""
                if version not in {"", "0"}:
                    try:
                        out.append(Component(package["ecosystem"], package["name"], version))
                    except FactError:
                        continue
    return out


def invented_components(count: int, chance: random.Random) -> list[Component]:
    """Return safe components with names and versions as they look in the wild."""
    out = []
    for number in range(count):
        version = f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(20)}"
        if number % 2:
            out.append(Component("PyPI", f"invented-package-{number // 8}", version))
        else:
            out.append(Component("npm", f"@invented/module-{number // 8}", version))
    return out


def seed(
    store: SqlStore,
    deployments: int = 10_000,
    components: int = 100,
    services: int = 1_000,
    distinct: int = 60_000,
    org: str = "bench",
    affected_share: float = 0.02,
) -> Seeded:
    """Fill a fresh store with `deployments` × `components` running instances.

    `distinct` is about how many distinct components there are; `affected_share` the part of the instances that OSV
    records name.
    """
    chance = random.Random(7)
    store.tenants.save_org(Org(org, "Benchmark", NOW))
    names = tuple(f"svc_{number:05d}" for number in range(services))
    with store.write(org, NOW) as tx:
        for environment in ("production", "staging"):
            tx.environments.save(Environment(org, f"env_{environment}", environment, 1, Reach.INTERNET))
        for number, service_id in enumerate(names):
            team = f"team-{number % 40}"
            tx.services.save(Service(org, service_id, f"service-{number:05d}", team, 1, Reach.INTERNET, True, NOW))
    known = osv_components()
    safe = invented_components(distinct, chance)
    popular = [Component("PyPI", POPULAR, version) for version in ("3.1.2", "3.1.3", "2.11.3")]
    with store.write(org, NOW) as tx:
        ids = component_ids(cast(SqlTransaction, tx).session, [*known, *safe, *popular])
    risky, plain, liked = ([ids[identity_of(one)] for one in group] for group in (known, safe, popular))
    for start in range(0, deployments, _BATCH):
        batch = range(start, min(deployments, start + _BATCH))
        sboms = [_composition(chance, number, components, risky, plain, liked, affected_share) for number in batch]
        with store.write(org, NOW) as tx:
            _write_batch(cast(SqlTransaction, tx), batch, sboms, names)
    store.optimize()
    return Seeded(org, names, deployments, deployments * components, len(ids))


def _composition(
    chance: random.Random,
    number: int,
    size: int,
    risky: Sequence[int],
    plain: Sequence[int],
    liked: Sequence[int],
    share: float,
) -> list[int]:
    """Return the ids of one composition's components: a service's own neighbourhood, with some of everything."""
    start = number * 37 % max(1, len(plain) - size * 4)
    found = dict.fromkeys([liked[number % len(liked)]] if number % 10 < 6 else [])
    if risky:
        found.update(dict.fromkeys(chance.choices(risky, k=round(size * share))))
    while len(found) < size:
        found[plain[start + chance.randrange(size * 4)]] = None
    return list(found)[:size]


def _write_batch(tx: SqlTransaction, batch: range, sboms: Sequence[Sequence[int]], names: Sequence[str]) -> None:
    session, org = tx.session, tx.org
    digests = [f"sha256:{number:064x}" for number in batch]
    session.add(
        SBOM,
        ("org", "digest", "components", "detail"),
        ((org, digest, len(sbom), '{"files":[],"unparsed":[]}') for digest, sbom in zip(digests, sboms, strict=True)),
    )
    query = "SELECT id, digest FROM sbom WHERE org = :org AND digest IN :digests"
    numbers = {row.digest: row.id for row in session.rows(query, {"org": org, "digests": digests})}
    session.add(
        OCCURRENCE,
        ("sbom", "component", "position", "direct", "path", "scope", "locations"),
        (
            (numbers[digest], component, place, place < 20, "[]", "runtime", f'[["uv.lock",{place * 7 + 3}]]')
            for digest, sbom in zip(digests, sboms, strict=True)
            for component, place in sorted((component, place) for place, component in enumerate(sbom))
        ),
    )
    _write_releases(tx, batch, digests, names)
    _write_deployments(tx, batch, names)


def _write_releases(tx: SqlTransaction, batch: range, digests: Sequence[str], names: Sequence[str]) -> None:
    rows = []
    for number, digest in zip(batch, digests, strict=True):
        service_id = names[number % len(names)]
        version = f"1.{number // len(names)}.0"
        told = (service_id, service_id.replace("svc_", "service-"), version, f"{number:040x}")
        rows.append((tx.org, f"rel_{number:06d}", f"release-{number}", *told, to_stored(NOW), digest))
    columns = ("org", "id", "identity", "service_id", "service", "version", "commit_id", "recorded_at", "sbom")
    tx.session.add(RELEASE, columns, rows)


def _write_deployments(tx: SqlTransaction, batch: range, names: Sequence[str]) -> None:
    columns = ("org", "id", "service_id", "release_id", "environment", "target", "status", "share")
    instants = ("started_at", "recorded_at", "origin")
    rows = []
    for number in batch:
        at = to_stored(NOW - timedelta(minutes=number))
        place = ("production" if number // len(names) % 2 == 0 else "staging", f"cell-{number // len(names)}")
        what = (f"dep_{number:06d}", names[number % len(names)], f"rel_{number:06d}", *place)
        rows.append((tx.org, *what, "succeeded", 1.0, at, at, "observed"))
    tx.session.add(DEPLOYMENT, columns + instants, rows)
    refresh_deployments(tx.session, [f"dep_{number:06d}" for number in batch])


def main(arguments: Sequence[str]) -> None:
    """Fill the store named first."""
    store = open_store(arguments[0])
    began = time.perf_counter()
    deployments, components = (int(argument) for argument in [*arguments[1:3], *("10000", "100")[len(arguments) - 1 :]])
    made = seed(store, deployments, components)
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{made.instances} instances of {made.distinct} components in {seconds:.1f} s\n")
    store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
