"""Values for the suite that every store passes.

The suite is in `stores_…` modules, a role each: subclass its classes where a fixture `store` gives a fresh store.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from holdfast.model.advisory import Advisory, Compiled, Interval, Pairwise
from holdfast.model.component import Component, Location, Occurrence, Sbom, Unparsed
from holdfast.model.inventory import Artifact, Deployment, Environment, Reach, Release, Service, Status
from holdfast.ports.store import Store, Transaction
from holdfast.testing.clocks import START

ORG, OTHER = "org_a", "org_b"


def at(hours: float) -> datetime:
    """Return the instant some hours after the suite's beginning."""
    return START + timedelta(hours=hours)


def component(name: str, version: str, ecosystem: str = "PyPI") -> Component:
    """Return a registry component."""
    return Component(ecosystem, name, version)


def sbom(*components: Component) -> Sbom:
    """Return a composition with a place for each component."""
    occurrences = (
        Occurrence(
            one,
            (Location("uv.lock", line),),
            direct=line == 1,
            path=() if line == 1 else ("root",),
            licenses=("MIT",) if line == 1 else (),
        )
        for line, one in enumerate(components, 1)
    )
    return Sbom(tuple(occurrences), (("uv.lock", "uv", len(components)),), (Unparsed("x.lock", 3, "not read"),))


def service(name: str, org: str = ORG, team: str | None = "payments") -> Service:
    """Return a claimed service whose id is made of its name."""
    return Service(org, f"svc_{name}", name, team, 1, Reach.INTERNET, True, START)


def release(name: str, version: str, digest: str | None, org: str = ORG) -> Release:
    """Return a release of a service, with one image."""
    artifact = Artifact(f"sha256:{name}{version}", "image", "linux/amd64")
    return Release(
        org, f"rel_{name}_{version}", f"svc_{name}", name, version, "c0ffee", START, START, digest, (artifact,)
    )


def deployment(
    name: str,
    version: str,
    started_at: datetime,
    ended_at: datetime | None = None,
    *,
    org: str = ORG,
    environment: str = "production",
    target: str = "eu",
    status: Status = Status.SUCCEEDED,
) -> Deployment:
    """Return a deployment on a target, whose id is made of all that."""
    key = f"dep_{name}_{version}_{environment}_{target}"
    return Deployment(
        org,
        key,
        f"svc_{name}",
        f"rel_{name}_{version}",
        environment,
        target,
        status,
        1.0,
        started_at,
        ended_at,
        started_at,
    )


def run_service(store: Store, name: str, versions: Mapping[str, Sbom], org: str = ORG) -> None:
    """Deploy a service's versions one after another, a day each, the last one still running."""
    with store.write(org, START) as tx:
        tx.environments.save(Environment(org, "env_production", "production", 1, Reach.INTERNET))
        tx.services.save(service(name, org))
        for number, (version, composition) in enumerate(versions.items()):
            save_release(tx, release(name, version, f"sha256:sbom-{name}-{version}", org), composition)
            ended_at = at(24 * (number + 1)) if number + 1 < len(versions) else None
            tx.deployments.save(deployment(name, version, at(24 * number), ended_at, org=org))


def save_release(tx: Transaction, one: Release, composition: Sbom) -> None:
    """Keep a release with its composition."""
    if one.sbom:
        tx.sboms.save(one.sbom, composition)
    tx.releases.save(one, f"{one.service}|{one.version}|{one.commit}", None)


def key(version: str, ecosystem: str = "PyPI") -> bytes:
    """Return a version's key."""
    from holdfast.controls.versions import version_key

    found = version_key(ecosystem, version)
    if found is None:
        raise ValueError(version)
    return found


def advisory(
    advisory_id: str,
    *ranges: tuple[str, str, str | None],
    digest: str = "1",
    aliases: tuple[str, ...] = (),
    withdrawn: datetime | None = None,
    modified: datetime | None = None,
    pairwise: tuple[Pairwise, ...] = (),
) -> Compiled:
    """Return a compiled PyPI record; ranges are (package, introduced, fixed)."""
    intervals = tuple(Interval("PyPI", name, key(lo), key(hi) if hi else None) for name, lo, hi in ranges)
    fixes = tuple(("PyPI", name, hi) for name, _, hi in ranges if hi)
    return Compiled(
        Advisory(
            advisory_id,
            modified or at(-48),
            at(-72),
            withdrawn,
            aliases,
            (),
            (),
            f"a hole in {advisory_id}",
            None,
            (),
            f"{advisory_id}-{digest}",
            f'{{"id":"{advisory_id}"}}',
        ),
        intervals,
        pairwise,
        fixes,
    )


def publish(store: Store, *records: Compiled, org: str = "", hours: float = 0) -> None:
    """Keep records in a layer, each in a cluster of its own unless it is in one already."""
    with store.write(org, at(hours)) as tx:
        tx.advisories.save(records, at(hours))
        for one in records:
            if one.advisory.id not in tx.clusters.of([one.advisory.id]):
                tx.clusters.assign(f"clu_{one.advisory.id}", [one.advisory.id, *one.advisory.aliases], at(hours))
