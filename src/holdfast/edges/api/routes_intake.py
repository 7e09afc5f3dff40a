"""Releases, deployments, hosts: what is true."""

from typing import Any

from litestar import Response
from litestar.params import RawBody
from msgspec import UNSET, Raw

from holdfast.edges.api.body import SBOM_LIMIT_BYTES, decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.composition import read_composition
from holdfast.edges.api.cursors import cut_page, next_page, read_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.routes_places import get_service
from holdfast.edges.api.verbs import get, patch, post
from holdfast.edges.api.wire import AsOf, Cursor, Filter, Limit, NameInPath, in_utc, parse_as_of, to_wire
from holdfast.edges.api.wire_inventory import (
    DeploymentIn,
    DeploymentOut,
    DeploymentRecorded,
    HostIn,
    HostOut,
    HostPage,
    ReleaseIn,
    ReleaseOut,
    ReleasePage,
    ReleaseRegistered,
    RunningOut,
    RunningPage,
    ServiceOut,
    StatusIn,
)
from holdfast.errors import FactError, NotFoundError
from holdfast.facts.manifest import parse_manifest
from holdfast.facts.sbom_writer import write_cyclonedx
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import record_host, register_release
from holdfast.loop.requests import DeploymentOutcome, DeploymentRequest, HostRequest, ReleaseRequest
from holdfast.loop.turn import Turn
from holdfast.model.inventory import Artifact, HostFacts
from holdfast.model.plan import ServiceManifest
from holdfast.ports.queries import Running

CYCLONEDX_TYPE = "application/vnd.cyclonedx+json"


@post("/releases", opt=takes(ReleaseIn), request_max_body_size=SBOM_LIMIT_BYTES, summary="Register a release")
def post_release(request: Ask, body: RawBody) -> Response[ReleaseRegistered]:
    """Register a release with its composition and its declaration; the same again finds it and adds artifacts."""
    asked = decode_body(request, body, ReleaseIn)
    wanted = ReleaseRequest(
        asked.service,
        asked.version,
        asked.commit,
        in_utc(asked.built_at, where="$.built_at"),
        tuple(Artifact(one.digest, one.kind, one.platform) for one in asked.artifacts),
        read_composition(asked.sbom) if asked.sbom is not UNSET and bytes(asked.sbom) != b"null" else None,
        _manifest_of(asked.manifest, asked.service) if asked.manifest is not None else None,
        asked.min_compatible,
    )

    def act(turn: Turn) -> ReleaseRegistered:
        outcome = register_release(turn, wanted)
        release, service = to_wire(ReleaseOut, outcome.release), to_wire(ServiceOut, outcome.service)
        return ReleaseRegistered(release, service, outcome.created, list(outcome.warnings))

    return write(request, body, act, status=201)


def _manifest_of(text: str, service: str) -> ServiceManifest:
    manifest = parse_manifest(text.encode("utf-8", "surrogatepass"), file="holdfast.yaml")
    found = next((one for one in manifest.services if one.name == service), None)
    if found is None:
        names = ", ".join(f"`{one.name}`" for one in manifest.services)
        raise FactError(f"it declares {names}, and not `{service}`", where="$.manifest")
    return found


@get("/releases", summary="List releases")
def list_releases(
    request: Ask, service: Filter = None, cursor: Cursor = None, limit: Limit = 100
) -> Response[ReleasePage]:
    """List releases, all or of one service, in the order in which they were registered."""

    def find(turn: Turn) -> ReleasePage:
        name = get_service(turn.tx, service).name if service is not None else None
        rows = turn.tx.releases.list(name, read_cursor("releases", cursor), limit + 1)
        items, following = next_page("releases", rows, lambda release: release.id, limit)
        return ReleasePage([to_wire(ReleaseOut, release) for release in items], following)

    return read(request, find)


@get("/releases/{release:str}", summary="Get a release")
def get_release(request: Ask, release: NameInPath) -> Response[ReleaseOut]:
    """Get a release by id."""
    return read(request, lambda turn: to_wire(ReleaseOut, turn.tx.releases.get(release)))


@get("/releases/{release:str}/sbom", media_type=CYCLONEDX_TYPE, summary="Get a release's composition")
def get_release_sbom(request: Ask, release: NameInPath) -> Response[dict[str, Any]]:
    """Get what a release is made of, as CycloneDX JSON."""

    def find(turn: Turn) -> Raw:
        found = turn.tx.releases.get(release)
        if found.sbom is None:
            raise NotFoundError(f"release `{found.id}` came without an SBOM", hint="register it again with one")
        sbom = turn.tx.sboms.load(found.sbom)
        return Raw(write_cyclonedx(sbom, name=found.service, version=found.version, now=found.recorded_at).encode())

    return read(request, find, media_type=CYCLONEDX_TYPE)


@post("/deployments", opt=takes(DeploymentIn), summary="Record a deployment")
def post_deployment(request: Ask, body: RawBody) -> Response[DeploymentRecorded]:
    """Record that a release runs on a target; one that is told late inserts into history."""
    asked = decode_body(request, body, DeploymentIn)
    wanted = DeploymentRequest(
        asked.environment,
        asked.service,
        asked.release,
        asked.digest,
        asked.version,
        asked.commit,
        asked.target,
        asked.status,
        asked.share,
        in_utc(asked.started_at, where="$.started_at"),
        asked.origin,
    )
    return write(request, body, lambda turn: _recorded(record_deployment(turn, wanted)), status=201)


def _recorded(outcome: DeploymentOutcome) -> DeploymentRecorded:
    deployment = to_wire(DeploymentOut, outcome.deployment)
    return DeploymentRecorded(deployment, outcome.created, list(outcome.changed), list(outcome.warnings))


@get("/deployments", summary="List what runs")
def list_deployments(
    request: Ask, service: Filter = None, as_of: AsOf = None, cursor: Cursor = None, limit: Limit = 100
) -> Response[RunningPage]:
    """List what occupies targets, now or as of an instant, of all services or of one."""

    def find(turn: Turn) -> RunningPage:
        service_id = get_service(turn.tx, service).id if service is not None else None
        running, _ = turn.tx.queries.running(parse_as_of(as_of, turn.now), service_id)
        items, following = cut_page("deployments", running, lambda one: one.deployment.id, cursor, limit)
        return RunningPage([_running(one) for one in items], following)

    return read(request, find)


def _running(one: Running) -> RunningOut:
    deployment = to_wire(DeploymentOut, one.deployment)
    return RunningOut(deployment, one.service.name, one.release.version, one.components, len(one.unparsed))


@get("/deployments/{deployment:str}", summary="Get a deployment")
def get_deployment(request: Ask, deployment: NameInPath) -> Response[DeploymentOut]:
    """Get a deployment by id."""
    return read(request, lambda turn: to_wire(DeploymentOut, turn.tx.deployments.get(deployment)))


@patch("/deployments/{deployment:str}", opt=takes(StatusIn), summary="Say how a deployment went")
def patch_deployment(request: Ask, deployment: NameInPath, body: RawBody) -> Response[DeploymentRecorded]:
    """Say how a deployment went; only a successful one ends what ran before."""
    asked = decode_body(request, body, StatusIn)

    def act(turn: Turn) -> DeploymentRecorded:
        known = turn.tx.deployments.get(deployment)
        share = known.share if asked.share is None else asked.share
        wanted = DeploymentRequest(known.environment, status=asked.status, share=share, id=known.id)
        return _recorded(record_deployment(turn, wanted))

    return write(request, body, act)


@post("/hosts", opt=takes(HostIn), request_max_body_size=SBOM_LIMIT_BYTES, summary="Report a host")
def post_host(request: Ask, body: RawBody) -> Response[HostOut]:
    """Report what a machine is and runs; the report renews its lease."""
    asked = decode_body(request, body, HostIn)
    facts = HostFacts(asked.name, asked.machine_id, asked.os, asked.kernel, asked.architecture)
    wanted = HostRequest(facts, read_composition(asked.sbom), asked.environment, asked.lease_s)
    return write(request, body, lambda turn: to_wire(HostOut, record_host(turn, wanted)), status=201)


@get("/hosts", summary="List hosts")
def list_hosts(request: Ask, as_of: AsOf = None, cursor: Cursor = None, limit: Limit = 100) -> Response[HostPage]:
    """List hosts, now or those whose lease held at an instant."""

    def find(turn: Turn) -> HostPage:
        known = turn.tx.hosts.list(parse_as_of(as_of, turn.now))
        items, following = cut_page("hosts", known, lambda host: host.id, cursor, limit)
        return HostPage([to_wire(HostOut, host) for host in items], following)

    return read(request, find)


@get("/hosts/{host:str}", summary="Get a host")
def get_host(request: Ask, host: NameInPath) -> Response[HostOut]:
    """Get a host by id."""
    return read(request, lambda turn: to_wire(HostOut, turn.tx.hosts.get(host)))


HANDLERS = [
    post_release,
    list_releases,
    get_release,
    get_release_sbom,
    post_deployment,
    list_deployments,
    get_deployment,
    patch_deployment,
    post_host,
    list_hosts,
    get_host,
]
