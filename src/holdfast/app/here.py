"""Looking at this very machine and repository: what `make run` shows first.

The machine is a host. The repository is one or several services, by its `holdfast.yaml` or by the folder's name; each
is a release of the commit that is checked out, deployed to `this-machine`.
"""

import re
from pathlib import Path

from holdfast.app.house import House
from holdfast.app.settings import ORG
from holdfast.edges.agent import collect_host
from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import FactError
from holdfast.facts.composition import read_composition
from holdfast.facts.manifest import parse_manifest
from holdfast.facts.sbom import sbom_digest
from holdfast.loop.declare import declare_environment
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import record_host, register_release
from holdfast.loop.requests import DeploymentRequest, EnvironmentRequest, HostRequest, ReleaseRequest
from holdfast.loop.turn import Turn
from holdfast.model.component import Sbom
from holdfast.model.inventory import Reach
from holdfast.model.plan import ServiceManifest

ENVIRONMENT = "this-machine"
MANIFEST = "holdfast.yaml"
LEASE_S = 900.0
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def record_this_machine(house: House) -> str:
    """Report this machine as a host; returns its name."""
    facts, sbom = collect_host()
    with house.store.write_now(ORG, house.clock) as (tx, now):
        turn = Turn(tx, now, house.ids, None, house.settings.feed_max_age, house.outside.targets)
        if tx.environments.find(ENVIRONMENT) is None:
            declare_environment(turn, EnvironmentRequest(ENVIRONMENT, None, Reach.DEVELOPMENT))
        record_host(turn, HostRequest(facts, sbom, ENVIRONMENT, LEASE_S))
    house.tell(ORG)
    return facts.name


def record_repository(house: House, path: Path, target: str) -> list[str]:
    """Register and deploy what is checked out at `path`; returns the services' names.

    Raises:
        FactError: its `holdfast.yaml` is not valid.
    """
    tree = LocalTree(path)
    commit = find_commit(path)
    names = []
    for name, paths, manifest in _services(path):
        sbom = read_composition(tree, paths)
        _record(house, target, name, sbom, manifest, commit)
        names.append(name)
    house.tell(ORG)
    return names


def _services(path: Path) -> list[tuple[str, tuple[str, ...], ServiceManifest | None]]:
    file = path / MANIFEST
    if not file.is_file():
        return [(path.resolve().name or "root", (".",), None)]
    manifest = parse_manifest(file.read_bytes(), file=MANIFEST)
    return [(service.name, service.paths, service) for service in manifest.services]


def _record(
    house: House, target: str, name: str, sbom: Sbom, manifest: ServiceManifest | None, commit: str | None
) -> None:
    # a working tree may differ from its commit, so the composition is part of the version
    version = f"{(commit or 'no-commit')[:12]}-{sbom_digest(sbom)[7:15]}"
    with house.store.write_now(ORG, house.clock) as (tx, now):
        turn = Turn(tx, now, house.ids, None, house.settings.feed_max_age, house.outside.targets)
        register_release(turn, ReleaseRequest(name, version, commit, sbom=sbom, manifest=manifest))
        service = tx.services.find(name)
        running = tx.deployments.runs(service.id, ENVIRONMENT, now) if service else ()
        release = tx.releases.find(service=name, version=version)[0]
        if not any(one.release_id == release.id for one in running):
            record_deployment(turn, DeploymentRequest(ENVIRONMENT, release=release.id, target=target))


def find_commit(path: Path) -> str | None:
    """Return the commit that is checked out, read from git's files; `None` without a repository, or where it is odd.

    A repository may come from anybody: a reference leads to nothing outside of it, and only what looks like a commit
    is one.

    Raises:
        FactError: `HEAD` names something outside of the repository.
    """
    folders = (path.resolve(), *path.resolve().parents)
    git = next((folder / ".git" for folder in folders if (folder / ".git").exists()), None)
    if git is None or not git.is_dir():  # a file leads to a work tree's real folder, which may be anywhere
        return None
    head = _first_line(git / "HEAD")
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else None
    name = head[5:]
    if not name.startswith("refs/") or ".." in name:
        raise FactError("a reference that leaves the repository", where=str(git / "HEAD"))
    packed = _lines(git / "packed-refs")
    found = _first_line(git / name) or next(
        (line[: -len(name) - 1] for line in packed if line.endswith(" " + name)), ""
    )
    return found if _COMMIT.fullmatch(found) else None


def _first_line(path: Path) -> str:
    return next(iter(_lines(path)), "")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    except OSError:  # one that may not be read is as good as none: the commit is not known
        return []
