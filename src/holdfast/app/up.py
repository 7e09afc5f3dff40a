"""`holdfast up`: one process with API, pages, flags, schedule and engine."""

import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.edges.cli.options import data_option
from holdfast.edges.cli.output import say

if TYPE_CHECKING:
    from holdfast.app.house import House
    from holdfast.app.settings import Settings

HERE_AGAIN_S = 300.0


@click.command("up")
@data_option
@click.option("--port", type=click.IntRange(0, 65535), default=8440, show_default=True, help="0 picks a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; put a TLS proxy before others.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--feed", help="Advisories: an OSV bucket's URL, a folder in its layout, a zip, or `none`.")
@click.option("--database", help="A PostgreSQL URL instead of DIR/holdfast.db.")
@click.option("--here", type=click.Path(path_type=Path, exists=True), help="Look at this machine and this repository.")
@click.option("--flagd-port", type=click.IntRange(0, 65535), help="Serve flagd.sync.v1 (gRPC) too, usually at 8015.")
def command(
    data: Path,
    port: int,
    host: str,
    no_open: bool,
    feed: str | None,
    database: str | None,
    here: Path | None,
    flagd_port: int | None,
) -> None:
    """Run the server with everything in one folder.

    \b
    Examples:
      holdfast up --data var/holdfast
      holdfast up --data var/holdfast --here . --feed ./osv
      holdfast up --data var/holdfast --database postgresql://holdfast@localhost/holdfast
    """
    from holdfast.app.settings import read_settings

    settings = read_settings(data, database=database, feed=feed)
    serve(settings, host, port, open_browser=not no_open, here=here, flagd_port=flagd_port)


def serve(
    settings: "Settings",
    host: str,
    port: int,
    *,
    open_browser: bool,
    here: Path | None,
    flagd_port: int | None = None,
) -> None:
    """Serve until told to stop.

    Raises:
        UsageError: the port is taken.
        FactError: the operator's file is not in order.
    """
    import uvicorn

    from holdfast.app.house import open_house
    from holdfast.app.listening import EndingServer, collect_seldom, listen, raise_descriptor_limit
    from holdfast.app.outside import require_targets
    from holdfast.app.play import DemoPlayer
    from holdfast.app.schedule import Schedule
    from holdfast.app.secrets import keep_database

    raise_descriptor_limit()
    collect_seldom()
    require_targets(settings)
    listener = listen(host, port)
    house = open_house(settings)
    keep_database(settings)
    schedule = Schedule(house)
    stop = threading.Event()
    url = f"http://{host}:{listener.getsockname()[1]}"
    application = house.application(DemoPlayer(house, url).begin)
    config = uvicorn.Config(application, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    server = EndingServer(config, application.flags.hub.close)
    flagd = house.flags.flagd(host, flagd_port) if flagd_port is not None else None
    try:
        house.announce(url)
        house.outside.note(house.store, house.clock)
        house.drills.serve_at(url.replace("//0.0.0.0:", "//127.0.0.1:"))
        _greet(url, settings.token_file, login_url(house, url), open_browser=open_browser)
        if flagd is not None:
            say(f"  flagd.sync.v1 at {host}:{flagd.start()}")
        schedule.start()
        if here is not None:
            threading.Thread(target=_look_here, args=(house, here, stop), daemon=True).start()
        server.run(sockets=[listener])
    finally:
        stop.set()
        if flagd is not None:
            flagd.stop()
        schedule.stop()
        house.close()


def login_url(house: "House", url: str) -> str:
    """Return a link that logs a browser in once, within five minutes."""
    from holdfast.app.settings import ORG
    from holdfast.loop.tokens import login_code
    from holdfast.loop.turn import Turn

    now = house.clock.now()
    token = house.authenticate(house.admin_token)
    with house.store.write(ORG, now) as tx:
        return f"{url}/login?code={login_code(Turn(tx, now, house.ids, token))}"


def _greet(url: str, token_file: Path, link: str, *, open_browser: bool) -> None:
    say(f"Holdfast serves at {url}")
    say(f"  log in (once, within five minutes): {link}")
    say(f"  an administrator's token is in {token_file}; `holdfast token login` makes another link")
    if open_browser and sys.stderr.isatty():
        webbrowser.open(link)


def _look_here(house: "House", path: Path, stop: threading.Event) -> None:
    from holdfast.app.here import record_repository, record_this_machine
    from holdfast.app.house import STORE_FAILURES

    while not stop.is_set():
        try:
            name = record_this_machine(house)
            services = record_repository(house, path, name)
        except STORE_FAILURES as error:
            say(f"could not look here: {error}")
        else:
            say(f"  looked at this machine ({name}) and at {', '.join(services)}")
        stop.wait(HERE_AGAIN_S)
