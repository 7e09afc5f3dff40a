"""Options that commands share, and how they reach the API.

`app` puts a `Terminal` into click's context; a command asks it for the API with what its own options say.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

import click

from holdfast.edges.cli.output import print_json
from holdfast.errors import HoldfastError, UsageError
from holdfast.model.frozen import frozen
from holdfast.ports.api import Api

if TYPE_CHECKING:  # what `scan` and `--version` can do without
    from holdfast.edges.cli.feed_wishes import Carried, ExportWish, ImportWish
    from holdfast.model.component import Sbom
    from holdfast.model.inventory import HostFacts
    from holdfast.ports.http import Http
    from holdfast.ports.tree import Tree

P = ParamSpec("P")
R = TypeVar("R")

EXIT_PASS, EXIT_BLOCKED, EXIT_USAGE, EXIT_NOTHING, EXIT_FAILED, EXIT_UNKNOWN = range(6)


@frozen
class Check:
    """One thing that `doctor` looked at; `is_fine` is `None` for what is no fault and yet worth a line."""

    what: str
    is_fine: bool | None
    words: str
    hint: str = ""


@frozen
class ImageWish:
    """Which container image is meant: one of a registry by `reference`, one of several by `platform` (`os/arch`).

    Both are `None` where they were not asked for: then a path that is an image is one, for Linux on this machine's
    processor.
    """

    reference: str | None = None
    platform: str | None = None


ANY_IMAGE = ImageWish()
"""No image was asked for: what is at a path is taken as it is."""


class Machine(Protocol):
    """The machine that a command runs on."""

    def now(self) -> datetime:
        """Return the present instant."""
        ...

    def open_tree(self, path: Path, image: ImageWish = ANY_IMAGE) -> "tuple[Tree, Sequence[str]]":
        """Return a folder, a file or an image as a tree, and the paths in it to read. Raises: UsageError, FactError."""
        ...

    def open_checkout(self, path: Path) -> "tuple[Tree, Sequence[str]]":
        """Return a folder as a gate reads it, with all that its repository tracks. Raises: UsageError, FactError."""
        ...

    def find_commit(self, path: Path) -> str | None:
        """Return the commit that is checked out at a path; `None` without a repository."""
        ...

    def collect_host(self, root: Path) -> "tuple[HostFacts, Sbom]":
        """Return the facts of the machine whose file system is at `root`."""
        ...


class Premises(Protocol):
    """Work on a data folder that no server is asked for."""

    def export_feed(
        self, data: Path, file: Path, wish: "ExportWish", progress: Callable[[str, int, int | None], None]
    ) -> "Carried":
        """Write the advisories into one file, compiled or as records. Raises: HoldfastError."""
        ...

    def import_feed(
        self, data: Path, file: Path, wish: "ImportWish", progress: Callable[[str, int, int | None], None]
    ) -> "Carried":
        """Put a snapshot in place of the compiled advisories, or its records into the store. Raises: HoldfastError."""
        ...

    def make_feed_key(self, file: Path, name: str) -> str:
        """Make a key that signs snapshots; returns the key that verifies. Raises: HoldfastError."""
        ...

    def sync_feeds(self, data: Path, feed: str | None, progress: Callable[[str, int, int | None], None]) -> list[str]:
        """Sync advisories and enrichments in this process; returns what went wrong, in words."""
        ...

    def spool(self, data: Path, fields: Mapping[str, str]) -> str:
        """Keep on disk what is forced while the store is away; returns the file. Raises: HoldfastError."""
        ...

    def examine(self, data: Path) -> Iterator[Check]:
        """Look at the installation and at the data folder, one thing after the other."""
        ...


@frozen
class Terminal:
    """What the wiring lends to commands."""

    open_remote: Callable[[str, str], Api]
    """(server URL, token) → API."""
    open_local: Callable[[Path], Api]
    """Data folder → API on the local store."""
    machine: Machine
    premises: Premises
    open_http: "Callable[[], Http]"
    """What asks a server, or a pipeline's own system, who this is."""


def terminal_of(context: click.Context) -> Terminal:
    """Return what the wiring put into the context.

    Raises:
        HoldfastError: nothing did.
    """
    terminal = context.find_object(Terminal)
    if terminal is None:
        raise HoldfastError("the terminal is not wired", hint="start it as `holdfast`")
    return terminal


def default_data() -> Path:
    """Return `HOLDFAST_DATA`, else `$XDG_DATA_HOME/holdfast`, else `~/.local/share/holdfast`."""
    named = os.environ.get("HOLDFAST_DATA")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "holdfast"


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_data,
    help="The data folder.",
    show_default="HOLDFAST_DATA, else ~/.local/share/holdfast",
)
format_option = click.option(
    "--format", "style", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True
)


def json_command(tell: Callable[[str, str | None, str | None], Mapping[str, Any]]) -> type[click.Command]:
    """Return a kind of command that answers in JSON even to a usage error: `tell(message, where, hint)`, when asked."""

    class JsonCommand(click.Command):
        def make_context(
            self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
        ) -> click.Context:
            wants_json = "--format=json" in args or ("--format", "json") in pairwise(args)
            try:
                return super().make_context(info_name, args, parent, **extra)
            except click.UsageError as error:
                if wants_json:
                    print_json(tell(error.format_message(), None, f"holdfast {self.name} --help"))
                raise

    return JsonCommand


def image_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `--image` and `--platform`; it gets them as `image`, an `ImageWish`."""

    @click.option("--image", "reference", metavar="REF", help="An image in a registry: HOST/REPOSITORY[:TAG|@DIGEST].")
    @click.option("--platform", metavar="OS/ARCH", help="Which image of several; else Linux on this processor.")
    @wraps(command)
    def run(*args: Any, reference: str | None, platform: str | None, **options: Any) -> R:
        if reference is not None and options.get("path", Path()) != Path():
            raise UsageError("a path and an image of a registry", where="--image", hint="name one of them")
        return command(*args, image=ImageWish(reference, platform), **options)

    return run


def with_api(command: Callable[Concatenate[Api, P], R]) -> Callable[P, R]:
    """Give a command `--data` and `--server`, and the API as its first argument."""
    return _given_api(command, "A server's URL; its token is in HOLDFAST_TOKEN.")


def with_reporting_api(command: Callable[Concatenate[Api, P], R]) -> Callable[P, R]:
    """Give a command what `with_api` gives; without a stored token a pipeline logs in by who it is, to report facts."""
    return _given_api(command, "A server's URL; by HOLDFAST_TOKEN, or who the pipeline is.", "facts:write")


def _given_api(command: Callable[Concatenate[Api, P], R], words: str, scope: str | None = None) -> Callable[P, R]:
    @data_option
    @click.option("--server", envvar="HOLDFAST_SERVER", help=words)
    @click.pass_context
    @wraps(command)
    def run(context: click.Context, /, *args: Any, data: Path, server: str | None, **options: Any) -> R:
        api = open_api(context, data, server, scope)
        try:
            return command(api, *args, **options)
        finally:
            api.close()

    return run  # type: ignore[return-value]  # click adds the context itself


def open_api(context: click.Context, data: Path, server: str | None, scope: str | None = None) -> Api:
    """Return the API of a server, or of the local data folder.

    With `scope` a pipeline without a stored token logs in by who it is, for these permissions.

    Raises:
        UnauthenticatedError: the server does not let this pipeline in.
        UsageError: a server without a token, or something that is no URL.
    """
    terminal = terminal_of(context)
    if not server:
        return terminal.open_local(data)
    _check_url(server)
    token = os.environ.get("HOLDFAST_TOKEN", "").strip()
    if not token and scope is not None:
        from holdfast.edges.cli.ci_login import find_token

        token = find_token(terminal.open_http, server, os.environ, scope)
    if not token:
        raise UsageError("`--server` needs a token", hint="export HOLDFAST_TOKEN=hf_…")
    if not token.isascii() or not token.isprintable():
        raise UsageError("HOLDFAST_TOKEN is no token", hint="export HOLDFAST_TOKEN=hf_…")
    return terminal.open_remote(server, token)


def _check_url(server: str) -> None:
    try:
        parts = urlsplit(server)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket that is not closed
        is_address = False
    if not is_address or not server.isprintable() or " " in server:
        raise UsageError(f"expected a server's URL, got `{server[:200]}`", hint="such as http://127.0.0.1:8440")
