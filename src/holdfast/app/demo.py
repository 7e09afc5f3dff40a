"""`holdfast demo`: one incident through the whole loop, or a change at the gate; offline, in a minute or two."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.options import EXIT_FAILED, EXIT_PASS
from holdfast.edges.cli.output import print_json, print_rows, say
from holdfast.errors import HoldfastError, UsageError
from holdfast.model.instant import parse_instant

CLOCKS = (
    ("introduced", "introduced_at", "the affected release began to run"),
    ("disclosed", "disclosed_at", "the advisory was published"),
    ("detected", "detected_at", "the running release was found exposed"),
    ("acted", "acted_at", "the flag was forced to its safe side"),
    ("mitigated", "mitigated_at", "the application was seen to answer differently"),
    ("fixed", "fixed_at", "the repaired release began to run"),
    ("resolved", "resolved_at", "nothing affected runs any more, checked again"),
    ("lifted", "lifted_at", "the flag was seen to be back"),
)


INCIDENT, GATE = "incident", "gate"


@click.command("demo")
@click.argument("scene", type=click.Choice([INCIDENT, GATE]), default=INCIDENT)
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything there; default: nowhere."
)
@click.option("--server", help="Play it against a running server instead; its token is in HOLDFAST_TOKEN.")
@click.option("--shop", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The shop's folder.")
@click.option("--format", "style", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.pass_context
def command(
    context: click.Context, /, scene: str, data: Path | None, server: str | None, shop: Path | None, style: str
) -> None:
    """Play one incident through the whole loop, or a change at the gate; offline.

    `incident`: a shop is started, registered and deployed; an advisory made up for the purpose arrives; the planned
    flag is turned off and read back from the shop; the exact fix ships; the flag returns; the clocks stand still.

    `gate`: a change adds one vulnerable package to forty old findings, loosens its own policy, is waived for a while,
    and mended; a server judges it, a stricter policy is tried on what was judged, an estate of fifty repositories is
    adopted, an image is scanned in a registry, another scanner's report is explained. Needs Git.

    Exits 4 when any of it does not happen.

    \b
    Examples:
      holdfast demo
      holdfast demo gate
      holdfast demo --data var/demo      and look at it afterwards: holdfast up --data var/demo
    """
    if scene == GATE:
        context.exit(_play_gate(data, style, {"--server": server, "--shop": shop}))
    source = _require_shop(shop or find_shop())
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as scratch:
            folder = data or Path(scratch) / "data"
            with _server(context, folder, server) as (url, api):
                finding = play(api, url, source, folder / "demo", say)
    except HoldfastError as error:
        say(f"the demo did not go through: {error}")
        context.exit(EXIT_FAILED)
    say(f"the whole loop, in {time.monotonic() - begun:.1f} s")
    _print(finding, style)


def _play_gate(data: Path | None, style: str, unused: Mapping[str, object]) -> int:
    from holdfast.app.demo_gate import GateDemo  # plays commands of its own: nothing that the incident needs

    for option, given in unused.items():
        if given is not None:
            raise UsageError(f"`demo gate` takes no {option}", hint="it plays with commands and a server of its own")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as scratch:
        work = data or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        if any(work.iterdir()):
            raise UsageError("the folder is not empty", where=str(work), hint="name a new one with --data")
        try:
            seen = GateDemo(work.resolve(), say).run()
        except (HoldfastError, OSError) as error:
            say(f"the demo did not go through: {error}")
            return EXIT_FAILED
    say(f"all of it, in {time.monotonic() - begun:.1f} s")
    if style == "json":
        print_json({"schema": "holdfast.demo-gate/1", **seen})
    return EXIT_PASS


def play(api: Any, url: str, source: Path, work: Path, tell: Any) -> dict[str, Any]:
    """Play the demo against a server; returns the finding at the end."""
    from holdfast.app.demo_steps import Demo

    work.mkdir(parents=True, exist_ok=True)
    return Demo(api, url, source, work, tell).run()


def find_shop() -> Path:
    """Return the sample shop: of the checkout, else of the installed package.

    Raises:
        UsageError: it is neither here nor there.
    """
    package = Path(__file__).parent
    for folder in (package.parents[2] / "examples" / "shop", package / "shop"):
        if (folder / "shop.py").is_file():
            return folder
    raise UsageError("the sample shop is not here", hint="name its folder with --shop")


def _require_shop(folder: Path) -> Path:
    for name in ("shop.py", "flags.json", "holdfast.yaml", "requirements.txt"):
        if not (folder / name).is_file():
            raise UsageError(f"no shop: `{name}` is not there", where=str(folder), hint="copy examples/shop whole")
    return folder


@contextmanager
def _server(context: click.Context, data: Path, server: str | None) -> Iterator[tuple[str, Any]]:
    """Give a server's URL and API: the one that is named, or one of our own that ends with the demo."""
    from holdfast.app.demo_steps import free_port, is_up, wait_for
    from holdfast.edges.cli.options import open_api
    from holdfast.edges.providers.api_client import HttpApi

    if server:
        api = open_api(context, data, server)
        yield server, api
        return
    url = f"http://127.0.0.1:{(port := free_port())}"
    options = ["--data", str(data), "--port", str(port), "--no-open", "--feed", "none"]
    # nothing of it goes to a database that others use
    environment = {name: value for name, value in os.environ.items() if name != "HOLDFAST_DATABASE"}
    command = [sys.executable, "-m", "holdfast", "up", *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    try:
        wait_for("the server to be up", lambda: is_up(url, process))
        client = HttpApi(url, (data / "admin.token").read_text(encoding="ascii").strip())
        try:
            yield url, client
        finally:
            client.close()
    finally:
        process.terminate()
        process.wait(timeout=15)


def _print(detail: dict[str, Any], style: str) -> None:
    clocks = detail["finding"]["clocks"]
    if style == "json":
        print_json({"schema": "holdfast.demo/1", "finding": detail["finding"], "runs": detail["runs"]})
        return
    start = parse_instant(clocks["detected_at"])
    rows = [
        {"what": name, "at": clocks[key], "after": _offset(parse_instant(clocks[key]), start), "words": words}
        for name, key, words in CLOCKS
        if clocks[key] is not None
    ]
    rows.sort(key=lambda row: parse_instant(row["at"]))
    print_rows(rows, (("clock", "what"), ("at", "at"), ("from detection", "after"), ("what happened", "words")), style)


def _offset(at: datetime, start: datetime) -> str:
    return f"{(at - start).total_seconds():+.3f} s"
