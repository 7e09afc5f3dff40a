"""Who owns which path, by CODEOWNERS.

Rules:
1. The last line that matches decides; one without owners leaves the path to nobody.
2. In GitLab's files each section decides for itself, sections of one name are one, and a line without owners has those
   of its section. The first section that gives an owner is taken.
3. What is `@org/team` is a team by its last part; else `@name` is taken, an address of mail is nobody.

Source: GitHub Docs, "About code owners"; GitLab Docs, "Code Owners", syntax and sections.
"""

import re

from holdfast.facts.estate._globs import MOST_PARTS, matches_parts
from holdfast.facts.estate._spec import clean_name
from holdfast.model.frozen import frozen

MOST_LINES = 3000
_SECTION = re.compile(r"^\^?\[(?P<name>[^\]]{1,200})\](?:\[\d{1,3}\])?(?P<owners>.*)$")
_TOKEN = re.compile(r"(?:\\.|[^\s\\])+")


@frozen
class OwnerRule:
    """One line: the parts of its pattern, whether it reaches below what it names, and the owners as written.

    `place` is the one place that it names and reaches below; empty where its pattern may name several.
    """

    line: int
    parts: tuple[str, ...]
    is_deep: bool
    owners: tuple[str, ...]
    place: str = ""

    def is_for(self, path: str) -> bool:
        """Whether it speaks of a file or folder."""
        if self.place:
            return path.startswith(self.place) and path[len(self.place) :][:1] in {"", "/"}
        found = path.split("/")
        if matches_parts(self.parts, found):
            return True
        return self.is_deep and any(matches_parts(self.parts, found[:end]) for end in range(1, len(found)))


@frozen
class Owners:
    """All of a file's rules, by section; the first section has no name. `problems` are in words."""

    sections: tuple[tuple[OwnerRule, ...], ...]
    problems: tuple[str, ...] = ()

    def team_of(self, path: str) -> str:
        """Return the team that owns a path; empty where nobody does."""
        for rules in self.sections:
            last = next((rule for rule in reversed(rules) if rule.is_for(path)), None)
            if last is not None and (team := team_of(last.owners)):
                return team
        return ""

    @property
    def rules(self) -> tuple[OwnerRule, ...]:
        """Every rule, section after section."""
        return tuple(rule for section in self.sections for rule in section)


def team_of(owners: tuple[str, ...]) -> str:
    """Return the team among the owners of a line; empty where there is none."""
    named = [one.removeprefix("@") for one in owners if one.startswith("@")]
    chosen = next((one for one in named if "/" in one), named[0] if named else "")
    return clean_name(chosen.rpartition("/")[2])


def parse_owners(name: str, data: bytes) -> Owners:
    """Return the rules of a CODEOWNERS file; what is no rule is named."""
    sections: dict[str, list[OwnerRule]] = {"": []}
    shared: dict[str, tuple[str, ...]] = {"": ()}
    here, problems = "", list[str]()
    lines = data.decode("utf-8-sig", "replace").splitlines()
    if len(lines) > MOST_LINES:
        problems.append(f"{name}: of {len(lines)} lines only the first {MOST_LINES} are read")
    for number, line in enumerate(lines[:MOST_LINES], 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if section := _SECTION.match(text):
            here = section["name"].strip().lower()
            sections.setdefault(here, [])
            shared[here] = _tokens(section["owners"]) or shared.get(here, ())
            continue
        pattern, *owners = _tokens(text) or ("",)
        rule = _rule(number, pattern, tuple(owners) or shared[here])
        if rule is None:
            problems.append(f"{name}:{number}: a pattern that is not read: `{pattern[:80]}`")
        else:
            sections[here].append(rule)
    return Owners(tuple(tuple(rules) for rules in sections.values()), tuple(problems))


def _tokens(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if token.startswith("#"):  # the rest of the line is a comment
            break
        found.append(re.sub(r"\\(.)", r"\1", token))
    return tuple(found)


def _rule(line: int, pattern: str, owners: tuple[str, ...]) -> OwnerRule | None:
    """Return a line's rule; `None` for what its systems don't allow either: `!`, `[…]`."""
    if not pattern or pattern.startswith("!") or "[" in pattern:
        return None
    body = pattern.strip("/")
    parts = tuple(part for part in body.split("/") if part)
    if len(parts) > MOST_PARTS or any(part in {".", ".."} for part in parts):
        return None
    is_anchored = pattern.startswith("/") or "/" in body
    ends_flat = bool(parts) and parts[-1] == "*" and is_anchored and not pattern.endswith("/")
    place = body if is_anchored and not set(body) & {"*", "?"} else ""
    return OwnerRule(line, (() if is_anchored else ("**",)) + (parts or ("**",)), not ends_flat, owners, place)
