"""`holdfast doctor`: checks this installation and a data folder."""

from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.options import EXIT_FAILED, EXIT_PASS, Check, data_option, format_option, terminal_of
from holdfast.edges.cli.output import print_answer

_COLUMNS = [("", "shape"), ("What", "what"), ("Found", "words"), ("Try", "hint")]
_SHAPES = {True: "● fine", False: "◆ wrong", None: "○ note"}


@click.command("doctor")
@data_option
@format_option
@click.pass_context
def command(context: click.Context, data: Path, style: str) -> None:
    """Check this installation: Python, its parts, the data folder, the store, the journal, the feeds. Exits 0 or 4.

    \b
    Examples:
      holdfast doctor
      holdfast doctor --data var/holdfast --format json
    """
    checks = list(terminal_of(context).premises.examine(data))
    wrong = sum(check.is_fine is False for check in checks)
    document = {"healthy": not wrong, "checks": [_json(check) for check in checks]}
    print_answer(style, "doctor", document, [_row(check) for check in checks], _COLUMNS)
    context.exit(EXIT_FAILED if wrong else EXIT_PASS)


def _json(check: Check) -> dict[str, Any]:
    return {"what": check.what, "fine": check.is_fine, "words": check.words, "hint": check.hint}


def _row(check: Check) -> dict[str, Any]:
    return {"shape": _SHAPES[check.is_fine], "what": check.what, "words": check.words, "hint": check.hint}
