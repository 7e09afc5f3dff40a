"""Contrast, computed from the tokens: every pair of text and ground that the stylesheet uses meets WCAG AA."""

import re
from pathlib import Path

import pytest

from holdfast.edges.web.render import STATIC

TEXT_RATIO = 4.5
SHAPE_RATIO = 3.0
STATES = ("exposed", "mitigated", "fine", "unknown", "waived")
PAIRS = (
    [(text, ground) for text in ("ink", "ink-2", "ink-3") for ground in ("ground", "surface", "sunken")]
    + [(text, f"{state}-ground") for text in ("ink", "ink-2") for state in STATES]
    + [(state, f"{state}-ground") for state in STATES]
    + [(state, ground) for state in STATES for ground in ("surface", "ground", "sunken")]
    + [("accent-ink", "accent"), ("accent-ink", "accent-strong")]
)
SHAPES = [("focus", "surface"), ("focus", "ground"), ("edge-strong", "surface"), ("accent", "surface")]


def themes() -> dict[str, dict[str, str]]:
    """Return token → colour by theme; the dark theme replaces some."""
    light, dark = Path(STATIC / "tokens.css").read_text().split("@media")
    found = [dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", part)) for part in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def luminance(colour: str) -> float:
    """Return relative luminance. Source: WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_meets_aa_on_every_ground(theme: str) -> None:
    tokens = themes()[theme]
    ratios = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < TEXT_RATIO} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_borders_of_fields_and_focus_meet_aa(theme: str) -> None:
    tokens = themes()[theme]
    ratios = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in SHAPES}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < SHAPE_RATIO} == {}


def test_both_themes_have_the_same_colours() -> None:
    light, dark = Path(STATIC / "tokens.css").read_text().split("@media")
    names = [set(re.findall(r"--([\w-]+):\s*#", part)) for part in (light, dark)]
    assert names[0] == names[1]


def test_stylesheet_uses_only_tokens_that_exist() -> None:
    known = set(re.findall(r"--([\w-]+):", Path(STATIC / "tokens.css").read_text()))
    used = set(re.findall(r"var\(--([\w-]+)\)", Path(STATIC / "holdfast.css").read_text()))
    assert used <= known
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", Path(STATIC / "holdfast.css").read_text())
