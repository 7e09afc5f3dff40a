"""`holdfast feed export`, `import` and `keygen`: advisories carried to a site that no network reaches."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from holdfast.edges.cli.feed_wishes import Carried, ExportWish, ImportWish
from holdfast.edges.cli.options import data_option, format_option, terminal_of
from holdfast.edges.cli.output import Progress, print_answer, print_json, say
from holdfast.edges.cli.reading import read_text
from holdfast.errors import UsageError
from holdfast.model.instant import format_instant

_COLUMNS = [
    ("Ecosystem", "ecosystem"),
    ("Records", "records"),
    ("Synced", "synced"),
    ("Newest", "newest"),
    ("Source", "source"),
    ("Digest", "short"),
]


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@click.option("--feed", envvar="HOLDFAST_FEED", help="A bucket's URL, a folder in its layout, or a zip.")
@click.option(
    "--ecosystem", "ecosystems", multiple=True, help="Only this one; repeatable. By default all that are there."
)
@click.option("--offline", is_flag=True, help="Ask nothing of the network; export what was synced.")
@click.option("--with-records", is_flag=True, help="Export the records themselves, which a server can import.")
@click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), help="The key that signs; `feed keygen` makes one."
)
@format_option
@click.pass_context
def export(context: click.Context, /, file: Path, data: Path, style: str, **options: Any) -> None:
    """Write the advisories into FILE, signed: with what KEV, EPSS and SSVC say, and how old each feed is.

    The same advisories give the same bytes. For a server, --with-records: out of what this folder's server has synced,
    or out of the feed that --feed names.

    \b
    Examples:
      holdfast feed export advisories.hfs --key site.key
      holdfast feed export advisories.hfs --key site.key --feed ./osv --ecosystem PyPI --ecosystem npm
      holdfast feed export records.hfs --key site.key --with-records --data var/holdfast
    """
    feed = None if options["feed"] in {"", "none"} else options["feed"]
    offline = options["offline"] or options["feed"] == "none"
    is_asked = click.get_current_context().get_parameter_source("feed") is ParameterSource.COMMANDLINE
    wish = ExportWish(
        tuple(sorted(set(options["ecosystems"]))), feed, offline, options["key"], options["with_records"], is_asked
    )
    carried = terminal_of(context).premises.export_feed(data, file, wish, Told())
    if carried.signed_by is None:
        say("◆ nobody signed it: whoever imports it can't tell whether it was changed. `--key` signs it")
    _print(carried, style)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@click.option(
    "--trust",
    envvar="HOLDFAST_FEED_TRUST",
    help="The key that must have signed it, as text or in a file; `feed keygen` prints it.  [env: HOLDFAST_FEED_TRUST]",
)
@click.option("--unsigned", is_flag=True, help="Take it whoever wrote it.")
@click.option(
    "--allow-older", "allow_older", is_flag=True, help="Take it though it is older, or has less, than what is here."
)
@format_option
@click.pass_context
def import_(context: click.Context, /, file: Path, data: Path, style: str, **options: Any) -> None:
    """Put the snapshot in FILE in place of this folder's advisories, when the key signed it.

    Refused are one that was changed or cut, one of another key, and one that is older than what is here. The feeds stay
    as old as they were when they were synced. One with records goes into the store of this folder's server, which may
    be running: whoever may write here runs it, and no token does.

    \b
    Examples:
      holdfast feed import advisories.hfs --trust site.key.pub
      holdfast feed import records.hfs --trust site.key.pub --data var/holdfast
    """
    trust, unsigned = options["trust"], options["unsigned"]
    if (trust is None) is not unsigned:
        hint = "`--trust KEY`; `--unsigned` takes what nobody vouches for"
        raise UsageError(
            "a snapshot needs the key that signed it, or to be taken unsigned", where="feed import", hint=hint
        )
    wish = ImportWish(None if trust is None else _key(trust), options["allow_older"])
    carried = terminal_of(context).premises.import_feed(data, file, wish, Told())
    if unsigned:
        say("◆ NOT VERIFIED: nobody vouches for these advisories. Whoever wrote it decides what the gate lets pass")
    _print(carried, style)


def _key(text: str) -> str:
    """Return the key itself, where the text names a file that holds it."""
    return text if text.count("+") >= 2 else read_text(Path(text), 1 << 12).strip()


@click.command("keygen")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", default="holdfast-feed", show_default=True, help="What the key is called.")
@format_option
@click.pass_context
def keygen(context: click.Context, /, file: Path, name: str, style: str) -> None:
    """Make a key that signs snapshots, in FILE, and the one that verifies them, in FILE.pub.

    FILE stays where the snapshots are made; FILE.pub goes to where they are imported, by another way than they do.

    \b
    Examples:
      holdfast feed keygen site.key
    """
    public = terminal_of(context).premises.make_feed_key(file, name)
    if style == "json":
        print_json({"schema": "holdfast.key/1", "verifier_key": public, "file": str(file)})
    else:
        click.echo(public)
    say(f"the key that signs is in {file}, to be kept secret; the one that verifies is in {file}.pub")


def _print(carried: Carried, style: str) -> None:
    for note in carried.notes:
        say(f"◆ {note}")
    rows: list[dict[str, Any]] = [
        {
            "ecosystem": one.ecosystem,
            "records": one.records,
            "synced": format_instant(one.synced_at) if one.synced_at else "never",
            "newest": format_instant(one.newest) if one.newest else "without date",
            "source": one.source,
            "digest": one.digest,
            "short": (one.digest or "")[:19],
        }
        for one in carried.snapshots
    ]
    lists: list[dict[str, Any]] = [
        {"kind": one.kind, "source": one.source, "as_of": format_instant(one.as_of), "records": one.rows}
        for one in carried.lists or ()
    ]
    items = [{key: value for key, value in row.items() if key != "short"} for row in rows]
    document = {"items": items, "digest": f"sha256:{carried.digest}", "bytes": carried.payload_bytes}
    signed: dict[str, Any] = {"signed": carried.signed_by is not None, "notes": list(carried.notes)}
    signed |= {"with_records": carried.lists is not None, "lists": lists}
    rows += [one | {"ecosystem": one["kind"].upper(), "newest": one["as_of"]} for one in lists]
    print_answer(style, "snapshot", document | signed, rows, _COLUMNS)


class Told:
    """Progress on stderr, an ecosystem at a time."""

    def __init__(self) -> None:
        self._progress: dict[str, Progress] = {}

    def __call__(self, ecosystem: str, read: int, expected: int | None) -> None:
        """Show how far it is."""
        self._progress.setdefault(ecosystem, Progress(f"reading advisories of {ecosystem}"))(read, expected)
