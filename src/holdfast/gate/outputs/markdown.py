"""Markdown, for GitHub's job summary and GitLab's notes on merge requests.

Rules:

1. The verdict first, then what blocks and what to type, then the rest; of at most 60,000 bytes.
2. Every name stands in a `<code>` element, escaped: it is no markup, mentions nobody, and is no command of the host.
3. No line but our own begins one: a quick action of GitLab (`/merge`) can't be smuggled in.
"""

import html
from collections.abc import Sequence

from holdfast.findings.vex import words_of
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import clean, command, headline, in_order, reason, remedy, scores, verdict
from holdfast.gate.policy import Outcome
from holdfast.model.build import Answer
from holdfast.model.instant import format_instant

MOST_BYTES = 60_000
_SIGNS = {Answer.PASS: "✅", Answer.BLOCKED: "⛔", Answer.UNKNOWN: "❓"}
_ROOM_TO_SAY_SO = 200
_MOST_ROWS = 200


def render(decision: Decision, context: OutputContext) -> str:
    """Return the page."""
    what = f" {_code(context.service)}" if context.service else ""
    head = [
        f"## {_SIGNS[decision.answer]} Holdfast{what}: {verdict(decision)}",
        "",
        f"{scores(decision)}. {_counts(decision)}.",
    ]
    if decision.score_fails:
        head.append("The score is below the bar.")
    out = "\n".join(head) + "\n"
    for title, columns, rows in _sections(decision, context):
        if rows:
            out = _add_table(out, title, columns, rows)
    for note in decision.notes:
        line = f"\n> {_plain(note)}\n"
        if _size(out + line) <= MOST_BYTES:
            out += line
    return out


def _counts(decision: Decision) -> str:
    said = [f"{len(decision.blocking)} block", f"{len(decision.warnings)} warn", f"{len(decision.waived)} waived"]
    if decision.base_score is not None:
        said.append(f"{decision.existing} were there before")
    return f"{', '.join(said)}; {len(decision.gaps)} could not be told"


Section = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def _sections(decision: Decision, context: OutputContext) -> list[Section]:
    judged = in_order(decision)
    named = ("Finding", "Because", "Where", "Do")
    void = [one for one in judged if one.waived and not one.waived.holds and one.is_new]
    return [
        ("Blocks", named, [_row(one, context) for one in judged if one.outcome is Outcome.BLOCK]),
        (
            "Could not tell",
            ("What", "Where"),
            [(_plain(gap.because), _code(context.path(gap.place)) if gap.place else "") for gap in decision.gaps],
        ),
        ("Warns", named, [_row(one, context) for one in judged if one.outcome is Outcome.WARN]),
        ("Void waivers", ("Waiver", "Of", "Because"), [_void(one) for one in void]),
        ("Waived", ("Finding", "Until", "Because"), [_waived(one) for one in judged if one in decision.waived]),
        ("Said by others", ("Finding", "What", "Counts"), [_said(one) for one in judged if one.said is not None]),
        ("Score", ("Risk", "Finding", "Because"), _ledger(decision)),
    ]


def _row(one: Judged, context: OutputContext) -> tuple[str, ...]:
    finding = one.finding
    file, line = context.place(finding.locations)
    do = _code(command(finding)) if command(finding) else _plain(remedy(finding))
    return _code(headline(finding)), _plain(reason(one)), _code(f"{file}:{line}") if finding.locations else "", do


def _void(one: Judged) -> tuple[str, ...]:
    if one.waived is None:
        return ()
    return _code(one.waived.waiver.id), _code(headline(one.finding)), _plain("; ".join(one.waived.void))


def _waived(one: Judged) -> tuple[str, ...]:
    if one.waived is None:
        return ()
    waiver = one.waived.waiver
    return _code(headline(one.finding)), format_instant(waiver.expires_at), _plain(waiver.reason)


def _said(one: Judged) -> tuple[str, ...]:
    if one.said is None:
        return ()
    counts = "; ".join(f"no: {why}" for why in one.said.void) or "yes"
    others = "".join(f"; but {words_of(other)}" for other in one.said.others)
    return _code(headline(one.finding)), _plain(one.said.words + others), _plain(counts)


def _ledger(decision: Decision) -> list[tuple[str, ...]]:
    shown = [one for one in decision.score.ledger if one.risk > 0][:10]
    return [(f"{one.risk:.1f}", _code(headline(one.finding)), _plain(", ".join(one.because))) for one in shown]


def _add_table(out: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Add as many rows as fit, and say how many do not."""
    head = f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    size = _size(out) + _size(head) + _ROOM_TO_SAY_SO
    lines: list[str] = []
    for row in rows[:_MOST_ROWS]:
        line = f"| {' | '.join(row)} |\n"
        size += _size(line)
        if size > MOST_BYTES:
            break
        lines.append(line)
    left = len(rows) - len(lines)
    more = f"\n{title}: {left} more.\n" if left else ""
    whole = out + (head + "".join(lines) if lines else "") + more
    return whole if _size(whole) <= MOST_BYTES else out


def _size(text: str) -> int:
    return len(text.encode())


def _code(text: str) -> str:
    """Return text in a `<code>` element: the hosts read nothing in it."""
    return f"<code>{_escape(clean(text, 500))}</code>"


_BROKEN = {"://": ":/\N{WORD JOINER}/", "www.": "www\N{WORD JOINER}."} | {
    sign: f"{sign}\N{WORD JOINER}" for sign in ("@", "#", "!", "~", "&", "%", "$")
}
"""What the hosts would read as an address, a mention or a reference, broken by a sign of no width."""


def _plain(text: str) -> str:
    """Return words that are no markup, link nowhere and mention nobody."""
    plain = clean(text, 500)
    for sign, broken in _BROKEN.items():
        plain = plain.replace(sign, broken)
    return _escape(plain)


def _escape(text: str) -> str:
    """Escape what Markdown or HTML would read, as entities: they hold in a table's cell too."""
    return "".join(f"&#{ord(c)};" if c in "\\|`*_[]~$" else html.escape(c, quote=False) for c in text).replace(
        "://", "&#58;//"
    )


SPEC = OutputSpec("markdown", "md", "a summary in Markdown, of at most 60 kB", render)
