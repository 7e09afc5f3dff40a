"""Templates: everything escaped, times and sizes in words.

Names come from anywhere: control characters, which a terminal or a bidirectional override could act on, are shown as
what they are, and markup is text.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from holdfast.edges.web.drawing import draw_curve, draw_lanes
from holdfast.loop.view_words import clock_face, plural, short_span, span
from holdfast.loop.views import SHAPES
from holdfast.model.instant import format_instant

HERE = Path(__file__).parent
STATIC = HERE / "static"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: object) -> str:
    """Return a text with what can't be seen written out: `U+202E`."""
    return "".join(f"U+{ord(one):04X}" if unicodedata.category(one) in _HIDDEN else one for one in str(text))


def clip(text: object, most: int = 80) -> str:
    """Return a plain text cut to a length, its end kept: versions differ at their ends."""
    full = plain(text)
    return full if len(full) <= most else f"{full[: most - 13]}…{full[-12:]}"


def ticked(text: object) -> Markup:
    """Return a text whose `ticks` are marked as code."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:  # one tick without another is just a character
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def pretty(text: str) -> str:
    """Return JSON text with its lines indented; a text that is none as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def seconds_since(at: datetime, now: datetime) -> float:
    """Return how many seconds lie between an instant and now."""
    return (now - at).total_seconds()


@cache
def asset(name: str) -> str | None:
    """Return the address of a static file with its digest; `None` when it was not set up."""
    path = STATIC / name
    if not path.is_file():
        return None
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    out = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    out.filters |= {
        "rfc": format_instant,
        "span": span,
        "short": short_span,
        "face": clock_face,
        "clip": clip,
        "ticked": ticked,
        "since": seconds_since,
    }
    out.globals |= {
        "asset": asset,
        "plural": plural,
        "pretty": pretty,
        "shapes": SHAPES,
        "draw_lanes": draw_lanes,
        "draw_curve": draw_curve,
    }
    return out


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a page."""
    return _environment().get_template(template).render(values)
