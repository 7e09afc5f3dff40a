"""`holdfast versions`: compares versions the way their ecosystem does. Needs no server.

Rules: a line in, a line out, in order; a version that has no place in the order of its scheme gives `?`, and what is
not two versions with a tab between is named on stderr with its line, gives `?` too, and exit code 2 at the end.
"""

import sys
from collections.abc import Iterator

import click

from holdfast.controls.versions import SchemeSpec, scheme_for
from holdfast.edges.cli.options import EXIT_PASS, EXIT_USAGE, format_option
from holdfast.edges.cli.output import print_json, print_rows, printable, say
from holdfast.errors import UsageError
from holdfast.registry import load_room

_SIGNS = {-1: "<", 0: "=", 1: ">", None: "?"}
_MOST_TOLD = 20


@click.group("versions")
def command() -> None:
    """Compare or sort versions the way an ecosystem does: PyPI, npm, Go, crates.io, Debian, …

    \b
    Examples:
      printf '1.0rc1\\t1.0\\n' | holdfast versions compare PyPI
      holdfast versions sort Debian < versions.txt
    """


@command.command("compare")
@click.argument("ecosystem")
@format_option
@click.pass_context
def compare(context: click.Context, ecosystem: str, style: str) -> None:
    """Read lines of two versions with a tab between; print `<`, `=`, `>` or `?` (cannot be told) a line.

    \b
    Examples:
      printf '1.0\\t1.0.post1\\n' | holdfast versions compare PyPI
      holdfast versions compare Debian:12 < pairs.tsv
    """
    scheme, bad = _scheme(ecosystem), 0
    rows = []
    for number, line in _lines():
        a, tab, b = line.partition("\t")
        is_pair = bool(tab) and "\t" not in b
        if not is_pair:
            bad += 1
            _tell(bad, f"line {number}: expected two versions with a tab between, got `{printable(line[:60])}`")
        sign = _SIGNS[scheme.compare(a, b)] if is_pair else "?"
        if style == "table":
            sys.stdout.write(sign + "\n")
        else:
            rows.append({"a": a, "order": sign, "b": b})
    if style == "json":
        print_json({"schema": "holdfast.versions/1", "ecosystem": ecosystem, "items": rows})
    elif style == "markdown":
        print_rows(rows, [("", "a"), ("", "order"), ("", "b")], style)
    context.exit(EXIT_USAGE if bad else EXIT_PASS)


@command.command("sort")
@click.argument("ecosystem")
@click.option("--reverse", is_flag=True, help="The newest first.")
@format_option
def sort(ecosystem: str, reverse: bool, style: str) -> None:
    """Read a version a line; print them in order. Those that have no place in it come last, named on stderr.

    \b
    Examples:
      printf '1.10\\n1.9\\n1.10rc1\\n' | holdfast versions sort PyPI
    """
    scheme = _scheme(ecosystem)
    keyed: list[tuple[bytes, str]] = []
    loose: list[str] = []
    for number, line in _lines():
        key = scheme.key(line)
        if key is None:
            loose.append(line)
            _tell(len(loose), f"line {number}: `{printable(line[:60])}` has no place in the order of {ecosystem}")
        else:
            keyed.append((key, line))
    ordered = [line for _, line in sorted(keyed, key=lambda pair: pair[0], reverse=reverse)]
    if style == "json":
        print_json({"schema": "holdfast.versions/1", "ecosystem": ecosystem, "items": ordered, "unordered": loose})
    elif style == "markdown":
        print_rows([{"version": line} for line in (*ordered, *loose)], [("Version", "version")], style)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in (*ordered, *loose)))


def _scheme(ecosystem: str) -> SchemeSpec:
    scheme = scheme_for(ecosystem)
    if scheme is None:
        known = sorted({name for spec in load_room("controls.versions") for name in spec.ecosystems})
        raise UsageError(f"no order of versions is known for `{ecosystem}`", hint=f"one of {', '.join(known)}")
    return scheme


def _lines() -> Iterator[tuple[int, str]]:
    """Yield (number from 1, text) of standard input; a line ends at a line feed, and only there."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        yield number, line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _tell(count: int, words: str) -> None:
    if count <= _MOST_TOLD:
        say(words)
    elif count == _MOST_TOLD + 1:
        say("… and others")
