"""`holdfast flags serve`: the relay near applications.

It imports neither the store nor the web framework: small, and up within a second.
"""

import os
import socket
from pathlib import Path

import click

from holdfast.edges.cli.flags import command
from holdfast.edges.cli.output import say
from holdfast.errors import UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@command.command("serve")
@click.option("--from", "server", required=True, metavar="URL", help="The server to follow.")
@click.option("--environment", required=True, help="Whose flags; the token must be bound to it.")
@click.option(
    "--snapshot", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where the last flags are kept."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Holds the server's token (`flags:read`); else HOLDFAST_TOKEN does.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8016, show_default=True, help="OFREP; 0 picks a free one."
)
@click.option(
    "--flagd-port", type=click.IntRange(0, 65535), default=8015, show_default=True, help="flagd.sync.v1; 0 picks one."
)
@click.option("--no-flagd", is_flag=True, help="Do not serve flagd.sync.v1.")
@click.option(
    "--local-token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Holds the token that clients must send; needed where others than this machine can connect.",
)
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help="A site whose pages may ask; can be repeated.")
@click.option("--name", default=socket.gethostname, help="What the server calls this relay.", show_default="host name")
def serve(
    server: str,
    environment: str,
    snapshot: Path,
    token_file: Path | None,
    host: str,
    port: int,
    flagd_port: int,
    no_flagd: bool,
    local_token_file: Path | None,
    allow_origin: tuple[str, ...],
    name: str,
) -> None:
    """Serve an environment's flags near applications, from memory, whether the server is up or not.

    \b
    Examples:
      holdfast flags serve --from https://holdfast.example --environment production --snapshot /var/lib/holdfast/flags
      holdfast flags serve --from http://127.0.0.1:8440 --environment staging --snapshot flags --token-file relay.token
    """
    from holdfast.app.relay_serving import Options, run

    local = _read_token(local_token_file) if local_token_file else None
    if local is None and host not in _LOOPBACK:
        raise UsageError(
            f"without a token of its own the relay listens on loopback alone, not on {host}",
            hint="name a file with a token: --local-token-file",
        )
    if local is None and "*" in allow_origin:
        raise UsageError("pages of every site may not ask where no token is needed", hint="name the sites one by one")
    token = _read_token(token_file) if token_file else os.environ.get("HOLDFAST_TOKEN", "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise UsageError("the server's token is missing", hint="--token-file FILE, or export HOLDFAST_TOKEN=hf_…")
    options = Options(
        server, environment, snapshot, token, local, host, port, None if no_flagd else flagd_port, allow_origin, name
    )
    run(options, say)


def _read_token(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the token can't be read: {error}", where=str(path)) from None
    if not text or not text.isprintable() or len(text) > 500:
        raise UsageError("expected a token on one line", where=str(path))
    return text
