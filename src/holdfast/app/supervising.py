"""`holdfast supervise`: keeps the process of the current release running, and seals releases."""

from pathlib import Path

import click

from holdfast.edges.cli.options import format_option
from holdfast.edges.cli.output import print_answer, say
from holdfast.errors import HoldfastError, UsageError

_ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="The folder that holds releases/ and the link current.",
)
_COLUMNS = [("Version", "version"), ("Process", "pid"), ("Healthy", "healthy"), ("Since", "since"), ("", "detail")]


@click.group("supervise")
def command() -> None:
    """Keep the process of the current release running; seal releases that may become it.

    \b
    Examples:
      holdfast supervise seal --root /srv/shop 1.4.2
      holdfast supervise run --root /srv/shop --health http://127.0.0.1:8441/healthz -- python shop.py
    """


@command.command("run", context_settings={"ignore_unknown_options": True})
@_ROOT
@click.option("--health", help="What must hold of it: an address that answers 2xx, or HOST:PORT that is open.")
@click.option(
    "--stop-timeout",
    "stop_s",
    type=click.FloatRange(0.1, 3600),
    default=10.0,
    show_default=True,
    help="Seconds that a process has to end before it is killed.",
)
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND…", type=click.UNPROCESSED)
def run(root: Path, health: str | None, stop_s: float, words: tuple[str, ...]) -> None:
    """Run COMMAND in the folder of the current release; again when it dies, anew when the release changes.

    SIGHUP restarts it. It ends with the supervisor, however that ends.

    \b
    Examples:
      holdfast supervise run --root /srv/shop --health 127.0.0.1:8441 -- ./serve --port 8441
    """
    from holdfast.edges.agent.supervise import Supervision, supervise

    if health is not None and not _can_be_asked(health):
        raise UsageError(f"expected a URL or HOST:PORT, got `{health[:80]}`", where="--health")
    say(f"supervises {root.resolve()}")
    supervise(Supervision(root.resolve(), words, health, stop_s))


def _can_be_asked(health: str) -> bool:
    """Whether it is an address of http or https, or a host with a port."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(health if "://" in health else f"//{health}")
        port = parts.port
    except ValueError:  # brackets that don't close, a port that is no number of one
        return False
    if "://" not in health:
        return bool(parts.hostname and port and parts.netloc == health)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


@command.command("seal")
@_ROOT
@click.argument("version")
def seal(root: Path, version: str) -> None:
    """Seal the folder releases/VERSION as whole: from now on it may become the one that runs.

    \b
    Examples:
      holdfast supervise seal --root /srv/shop 1.4.2
    """
    from holdfast.edges.providers.release_folder import seal_release
    from holdfast.model.supervised import RELEASES

    folder = root / RELEASES / version
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="copy the release there first")
    count = seal_release(folder, version)
    say(f"sealed `{version}`: {count} file{'' if count == 1 else 's'}")


@command.command("status")
@_ROOT
@format_option
def status(root: Path, style: str) -> None:
    """Show what the supervisor of ROOT runs.

    \b
    Examples:
      holdfast supervise status --root /srv/shop
    """
    from dataclasses import asdict

    from holdfast.edges.providers.deployers._running import BySupervisor
    from holdfast.model.supervised import STATUS_FILE, supervised_from_json

    problem = BySupervisor(root).find_problem()
    if problem is not None:
        raise HoldfastError(problem, hint="`holdfast supervise run`")
    try:
        found = supervised_from_json((root / STATUS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HoldfastError(f"its status can't be read: {error}", where=str(root / STATUS_FILE)) from None
    row = asdict(found)
    print_answer(style, "supervised", row, [row], _COLUMNS)
