"""`holdfast release`: registers a release with its composition and its plans."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.cli.options import format_option, terminal_of, with_reporting_api
from holdfast.edges.cli.output import print_answer, say
from holdfast.edges.cli.reading import read_json, read_text
from holdfast.errors import UsageError
from holdfast.facts.composition import read_composition
from holdfast.facts.manifest import parse_manifest
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.plan import ServiceManifest
from holdfast.ports.api import Api

MANIFEST = "holdfast.yaml"
_COLUMNS = [
    ("Service", "service"),
    ("Version", "version"),
    ("Commit", "commit"),
    ("Release", "id"),
    ("Components", "components"),
    ("", "news"),
]


@frozen
class _Part:
    """One service of the repository: `manifest` is the text that declares it, `None` without one."""

    service: str
    paths: Sequence[str]
    manifest: str | None


@click.command("release")
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=".")
@with_reporting_api
@click.option("--version", "version", required=True, help="What the release is called.")
@click.option("--service", help="Which service; by default all that holdfast.yaml declares, else the folder's name.")
@click.option("--commit", help="The commit it was built from; by default the one that is checked out.")
@click.option("--built-at", help="When it was built: an RFC 3339 instant.")
@click.option("--artifact", "artifacts", multiple=True, metavar="DIGEST[=KIND[,PLATFORM]]", help="What was built.")
@click.option("--sbom", "sbom_file", type=click.Path(path_type=Path), help="A CycloneDX JSON file instead of PATH.")
@click.option("--min-compatible", metavar="VERSION", help="The oldest version that may run after it, for its data.")
@click.option("--no-manifest", is_flag=True, help="Leave holdfast.yaml aside: nothing is claimed, no plans.")
@format_option
@click.pass_context
def command(
    context: click.Context,
    api: Api,
    *,
    path: Path,
    version: str,
    service: str | None,
    commit: str | None,
    built_at: str | None,
    artifacts: tuple[str, ...],
    sbom_file: Path | None,
    min_compatible: str | None,
    no_manifest: bool,
    style: str,
) -> None:
    """Register a release of what is at PATH: its composition, its artifacts, and the plans in holdfast.yaml.

    Plans are checked now. A repository with several services gives one release each, of the paths they name.

    \b
    Examples:
      holdfast release --version 1.4.2
      holdfast release . --service pay --version 1.4.2 --artifact sha256:6b86…=image,linux/amd64
      holdfast release --service pay --version 1.4.2 --sbom pay.cdx.json --no-manifest
    """
    machine = terminal_of(context).machine
    parts = _parts(path, service, use_manifest=not no_manifest)
    if len(parts) > 1 and (sbom_file or artifacts):
        raise UsageError("one SBOM or artifact for several services", hint="name one with --service")
    document = read_json(sbom_file) if sbom_file else None
    common = {
        "version": version,
        "commit": commit or machine.find_commit(path),
        "built_at": built_at,
        "artifacts": [_artifact(text) for text in artifacts],
        "min_compatible": min_compatible,
    }
    tree, all_paths = machine.open_tree(path)
    rows = []
    for part in parts:
        sbom = None if document is not None else read_composition(tree, part.paths or all_paths)
        body = {**common, "service": part.service, "manifest": part.manifest, "sbom": document}
        if sbom is not None:
            body["sbom"] = composition_to_json(sbom)
        answer = api.call("POST", "/releases", body=body)
        rows.append(_row(answer, sbom))
        _tell(answer, sbom)
    print_answer(style, "release", {"items": rows}, rows, _COLUMNS)


def _parts(path: Path, service: str | None, *, use_manifest: bool) -> list[_Part]:
    file = (path if path.is_dir() else path.parent) / MANIFEST
    if not use_manifest or not file.is_file():
        return [_Part(service or path.resolve().name or "root", (), None)]
    text = read_text(file, 1 << 20)
    declared = parse_manifest(text.encode(), file=str(file)).services
    chosen: list[ServiceManifest] = [one for one in declared if service in {None, one.name}]
    if not chosen:
        names = ", ".join(f"`{one.name}`" for one in declared)
        raise UsageError(f"it declares {names}, and not `{service}`", where=str(file), hint="--no-manifest leaves it")
    return [_Part(one.name, one.paths, text) for one in chosen]


def _artifact(text: str) -> dict[str, str | None]:
    """`sha256:…`, then `=kind`, then `,platform`."""
    digest, _, rest = text.partition("=")
    kind, _, platform = rest.partition(",")
    if ":" not in digest:
        raise UsageError(f"expected `sha256:…`, got `{digest[:80]}`", where="--artifact")
    return {"digest": digest, "kind": kind or "image", "platform": platform or None}


def _row(answer: dict[str, Any], sbom: Sbom | None) -> dict[str, Any]:
    release = answer["release"]
    return {
        **release,
        "components": len(sbom.occurrences) if sbom else None,
        "gaps": len(sbom.unparsed) if sbom else None,
        "created": answer["created"],
        "claimed": answer["service"]["claimed"],
        "warnings": answer["warnings"],
        "news": "new" if answer["created"] else "known already",
    }


def _tell(answer: dict[str, Any], sbom: Sbom | None) -> None:
    name = answer["release"]["service"]
    for warning in answer["warnings"]:
        say(f"{name}: {warning}")
    for gap in sbom.unparsed if sbom else ():
        place = gap.file if gap.line is None else f"{gap.file}:{gap.line}"
        say(f"{name}: not read: {place}: {gap.because}")
    if sbom is not None and not sbom.files and not sbom.unparsed:
        say(f"{name}: no dependency file was found, so nothing can be found wrong with it")
    if not answer["service"]["claimed"]:
        say(f"{name} is unclaimed: declare it in {MANIFEST}")
