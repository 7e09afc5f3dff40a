"""`holdfast sbom`: the composition of a folder as CycloneDX or SPDX. Needs no server.

The same folder gives the same bytes: the document carries a timestamp only where `SOURCE_DATE_EPOCH` names one; SPDX,
which can't be without, the beginning of 1970.
Source: reproducible-builds.org, SOURCE_DATE_EPOCH.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from holdfast.edges.cli.options import EXIT_NOTHING, EXIT_PASS, ImageWish, format_option, image_options, terminal_of
from holdfast.edges.cli.output import print_rows, say
from holdfast.edges.cli.reading import write_output
from holdfast.edges.cli.words import place_text
from holdfast.errors import UsageError
from holdfast.facts.composition import read_composition
from holdfast.model.component import Sbom

_COLUMNS = [
    ("Component", "purl"),
    ("Source", "source"),
    ("Scope", "scope"),
    ("Direct", "direct"),
    ("Where", "where"),
]
_DIRECT = {True: "direct", False: "transitive", None: "not known"}


@click.command("sbom")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the document to a file.")
@click.option("--name", help="What is described; by default the folder's name.")
@click.option("--version", "version", default="", help="Its version.")
@click.option(
    "--spec",
    type=click.Choice(["cyclonedx", "spdx"]),
    default="cyclonedx",
    help="The form of the document: CycloneDX 1.6 or SPDX 2.3, as JSON.",
)
@image_options
@format_option
@click.pass_context
def command(
    context: click.Context,
    *,
    path: Path,
    output: Path | None,
    name: str | None,
    version: str,
    spec: str,
    style: str,
    image: ImageWish,
) -> None:
    """Write an SBOM of PATH (a folder, a file or an image), CycloneDX 1.6 or SPDX 2.3, or list what it would hold.

    The document goes to standard output with `--format json`, or to a file with `--output`.

    \b
    Examples:
      holdfast sbom . --format json
      holdfast sbom services/pay --name pay --version 1.4.2 --output pay.cdx.json
      holdfast sbom . --spec spdx --output shop.spdx.json
      holdfast sbom uv.lock
      holdfast sbom --image registry.example/pay:1.4.2 --format json
    """
    tree, paths = terminal_of(context).machine.open_tree(path, image)
    sbom = read_composition(tree, paths)
    text = document_of(sbom, name or image.reference or path.resolve().name or "root", version, spec)
    if output is not None:
        write_output(output, text)
    if style == "json":
        click.echo(text, nl=False)
    elif output is None:
        _list(sbom, style)
    _tell(sbom)
    context.exit(EXIT_PASS if sbom.files or sbom.unparsed else EXIT_NOTHING)


def document_of(sbom: Sbom, name: str, version: str, spec: str = "cyclonedx") -> str:
    """Return the document, the same for the same composition.

    Raises:
        UsageError: `SOURCE_DATE_EPOCH` is not a number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if spec == "spdx":
        from holdfast.facts.spdx_writer import write_spdx

        return write_spdx(sbom, name=name, version=version, now=_instant(epoch or "0"))
    from holdfast.facts.sbom_writer import write_cyclonedx

    return write_cyclonedx(sbom, name=name, version=version, now=_instant(epoch) if epoch else None)


def _instant(epoch: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"expected seconds since 1970, got `{epoch[:40]}`", where="SOURCE_DATE_EPOCH") from None


def _list(sbom: Sbom, style: str) -> None:
    rows = [
        {
            "purl": one.component.purl,
            "source": one.component.source.value,
            "scope": one.scope.value,
            "direct": _DIRECT[one.direct],
            "where": ", ".join(str(place) for place in one.locations[:3]),
        }
        for one in sbom.occurrences
    ]
    print_rows(rows, _COLUMNS, style, empty="no components")


def _tell(sbom: Sbom) -> None:
    for gap in sbom.unparsed:
        say(f"not read: {place_text({'file': gap.file, 'line': gap.line})}: {gap.because}")
    if not sbom.files and not sbom.unparsed:
        say("nothing to describe: no dependency file was found")
    else:
        say(f"{len(sbom.files)} files, {len(sbom.occurrences)} components, {len(sbom.unparsed)} gaps")
