"""`holdfast`: the command line. A command's module is imported when it is called.

Exit codes: 0 fine · 1 blocked · 2 usage · 3 nothing to look at · 4 Holdfast failed · 5 could not tell.
"""

import atexit
import errno
import gc
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from holdfast import __version__
from holdfast.errors import HoldfastError, UsageError

if TYPE_CHECKING:  # nothing is imported that `--version` and `--help` can do without
    from holdfast.edges.cli.options import Terminal

EXIT_USAGE, EXIT_FAILED = 2, 4
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_RARELY = (200_000, 20, 100)
"""How seldom Python looks for garbage in a process that is soon over."""

COMMANDS = {
    "up": ("holdfast.app.up:command", "Run the server: pages, API, flags, schedule and engine."),
    "demo": ("holdfast.app.demo:command", "Play one incident through the whole loop, offline."),
    "scan": ("holdfast.app.scanning:scan", "What is in this folder, and what is wrong with it. Needs no server."),
    "gate": ("holdfast.app.gating:gate", "May this ship? Decides by policy, against what was there before."),
    "compare": ("holdfast.app.comparing:compare", "Why another scanner's report differs from ours, row by row."),
    "policy": ("holdfast.edges.cli.policy:command", "Policies: check one, try it on past builds, set it."),
    "waiver": ("holdfast.edges.cli.waiver:command", "Waivers that the server keeps: ask, approve, withdraw."),
    "adopt": ("holdfast.edges.cli.adopt:command", "Take many repositories under the gate, nothing red at first."),
    "builds": ("holdfast.edges.cli.builds:command", "What the gate decided; let a held build go."),
    "sbom": ("holdfast.edges.cli.sbom:command", "Write a CycloneDX SBOM of a folder."),
    "release": ("holdfast.edges.cli.release:command", "Register a release with its composition and plans."),
    "deploy": ("holdfast.edges.cli.deploy:command", "Record what runs where."),
    "impact": ("holdfast.edges.cli.impact:command", "What runs and is affected by an advisory or package."),
    "findings": ("holdfast.edges.cli.findings:command", "Exposures, the most urgent first."),
    "explain": ("holdfast.edges.cli.explain:command", "One exposure: since when, why, what was done."),
    "fix": ("holdfast.app.fixing:fix", "What to type to be rid of an exposure, or of all that blocks."),
    "mitigate": ("holdfast.edges.cli.mitigate:command", "Plans and runs: preview, start, approve, undo, pause."),
    "drill": ("holdfast.edges.cli.drill:command", "Rehearse plans; say who is rehearsed."),
    "guards": ("holdfast.edges.cli.guards:command", "Limits for what acts by itself: caps, rests, freezes."),
    "environment": ("holdfast.edges.cli.environment:command", "Environments: what they are, and who can reach them."),
    "flags": ("holdfast.app.relay:command", "Flag definitions and the overlays on them."),
    "metrics": ("holdfast.edges.cli.metrics:command", "How fast we detect, mitigate and repair."),
    "feed": ("holdfast.edges.cli.feed:command", "Advisory feeds: sync them, show their age, push a record."),
    "versions": ("holdfast.edges.cli.versions:command", "Compare versions the way their ecosystem does."),
    "audit": ("holdfast.edges.cli.audit:command", "The journal: verify it, sign checkpoints, read it."),
    "agent": ("holdfast.edges.cli.agent:command", "Report this machine as a host."),
    "supervise": ("holdfast.app.supervising:command", "Keep the process of the current release running."),
    "token": ("holdfast.edges.cli.token:command", "Tokens: make, list, revoke; a login link for the browser."),
    "trust": ("holdfast.edges.cli.trust:command", "Which pipelines log in by who they are, without a secret."),
    "vex": ("holdfast.edges.cli.vex_kept:command", "What others say of vulnerabilities, for a server's builds."),
    "doctor": ("holdfast.edges.cli.doctor:command", "Check this installation."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are called; help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the loop."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that goes away ends it, which is the reader's right and no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _write_nowhere()
            raise click.exceptions.Exit(0) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="holdfast %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Keeps what a team ships secure in production.

    \b
    Examples:
      holdfast scan .                          what is in this folder, and what is wrong with it
      holdfast gate . --base origin/main       may this change ship?
      holdfast up --data var/holdfast          the server with everything in one folder
      holdfast demo                            one incident through the whole loop, offline
      holdfast impact CVE-2024-12345           what runs and is affected

    Completion: eval "$(_HOLDFAST_COMPLETE=bash_source holdfast)" (or zsh_source, fish_source).
    """
    from holdfast.app.terminal import open_terminal

    context.obj = context.obj or open_terminal()


def main() -> None:
    """Run the command line; errors that a person can act on are two lines on stderr."""
    sys.excepthook = _fail_unforeseen
    is_brief = sys.argv[1:2] in (["scan"], ["gate"])
    if is_brief:  # what they make they need to the end: looking for cycles finds none
        gc.set_threshold(*_RARELY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name that this terminal has no letters for is shown, not fatal
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    gc.disable()  # the process is over: looking through all that is left, only to drop it, takes a tenth of a scan
    gc.freeze()
    if is_brief and threading.active_count() == 1:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End the process as it is: to take apart what is left in memory takes another twentieth of a scan."""
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):  # none where it was closed before we began
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str], terminal: "Terminal | None" = None) -> int:
    """Run one command line and return its exit code; `terminal` stands in for this machine's."""
    try:
        code = cli.main(list(arguments), prog_name="holdfast", standalone_mode=False, obj=terminal)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        return _refuse(error, arguments)
    except UsageError as error:
        return _fail(error, EXIT_USAGE, arguments)
    except HoldfastError as error:
        return _fail(error, EXIT_FAILED, arguments)
    except UnicodeEncodeError as error:
        return _fail(UsageError(f"an argument that is not UTF-8: {error.object!a:.80}"), EXIT_USAGE, arguments)
    except BrokenPipeError:
        _write_nowhere()
        return 0
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        told = HoldfastError(f"nothing more can be written: {error.strerror}", where=error.filename)
        try:
            if wants_json(arguments):
                _print_error(told.message, told.where, told.hint)
            sys.stdout.flush()
        except OSError:  # it is the answer that has no room, and half of it may be waiting to be written
            _write_nowhere()
        return _fail(told, EXIT_FAILED, ())
    return code if isinstance(code, int) else 0


def _fail_unforeseen(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show where Holdfast broke, and exit 4: Python's own 1 would say that a policy blocked it."""
    sys.__excepthook__(kind, error, trace)
    if wants_json(sys.argv[1:]):
        _print_error(
            f"Holdfast failed: {kind.__name__}", None, "this is a defect: report it with what stands on stderr"
        )
    raise SystemExit(EXIT_FAILED)


def _write_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(error: click.ClickException, arguments: Sequence[str]) -> int:
    if wants_json(arguments) and not {"scan", "gate"} & set(arguments[:1]):  # these answer with their own schema
        _print_error(error.format_message(), None, None)
    error.show()
    return EXIT_USAGE


def _fail(error: HoldfastError, code: int, arguments: Sequence[str]) -> int:
    from holdfast.edges.cli.output import say

    if wants_json(arguments):
        _print_error(error.message, error.where, error.hint)
    say(f"holdfast: {error}")
    return code


def _print_error(message: str, where: str | None, hint: str | None) -> None:
    from holdfast.edges.cli.output import print_json

    print_json({"schema": "holdfast.error/1", "error": {"message": message, "where": where, "hint": hint}})


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether JSON was asked for, so that errors are answered in it too."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
