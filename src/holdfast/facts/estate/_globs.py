"""Patterns of paths, matched in time that grows with their length alone: they come from anywhere."""

from collections.abc import Sequence

MOST_PARTS = 32


def matches_part(pattern: str, text: str) -> bool:
    """Whether one part of a path is as a pattern with `*` and `?` says."""
    at, star, mark = 0, -1, 0
    place = 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[place]}:
            at, place = at + 1, place + 1
        elif star >= 0:  # the last star takes one character more
            mark += 1
            at, place = star + 1, mark
        else:
            return False
    return set(pattern[at:]) <= {"*"}


def matches_parts(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether the parts of a path are as those of a pattern say, in which `**` is any number of them."""
    reached = {0}
    for one in pattern:
        if one == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(path) and matches_part(one, path[at])}
    return len(path) in reached
