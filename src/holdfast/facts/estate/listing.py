"""A list of repositories: a path a line, a CSV table, or YAML.

Columns and keys are `path`, `name`, `team`, `group`, `tier`; only `path` is needed. YAML is a list of paths or of
mappings, or has it under `repositories`. In a text `#` begins a comment.
"""

import csv
from collections.abc import Iterator, Mapping

from holdfast.facts.estate._spec import MAX_MEMBERS, Estate, EstateSpec, Member, clean_name
from holdfast.facts.manifest_yaml import Entries, Scalar, find, items_of, parse_yaml
from holdfast.ports.tree import Tree

KEYS = ("path", "name", "team", "group", "tier")
_Row = tuple[str, Mapping[str, str]]
"""(place, what the row says by key)."""


def _is_for(name: str, data: bytes) -> bool:
    return name.endswith((".csv", ".txt", ".list", ".yaml", ".yml")) and b"\0" not in data


def read_listing(name: str, data: bytes, _: Tree) -> Estate:
    """Return the repositories of a list."""
    problems: list[str] = []
    if name.endswith((".yaml", ".yml")):
        rows = _yaml_rows(name, data, problems)
    elif name.endswith(".csv"):
        rows = _csv_rows(name, data, problems)
    else:
        rows = _text_rows(name, data)
    members: list[Member] = []
    for place, row in rows:
        if len(members) == MAX_MEMBERS:
            problems.append(f"{place}: over {MAX_MEMBERS} repositories; the rest is not read")
            break
        member = _member(place, row, problems)
        members += [member] if member else []
    groups = tuple((group, "") for group in dict.fromkeys(one.group for one in members) if group)
    return Estate(tuple(members), groups, tuple(problems))


def _member(place: str, row: Mapping[str, str], problems: list[str]) -> Member | None:
    path, tier = row.get("path", "").strip(), row.get("tier", "").strip()
    if not path or "\0" in path:
        problems.append(f"{place}: a row without a path")
        return None
    if tier and tier not in {*"123456789"}:
        problems.append(f"{place}: expected a tier from 1 to 9, got `{tier[:20]}`; it is left out")
        tier = ""
    name, team, group = (clean_name(row.get(key, "")) for key in ("name", "team", "group"))
    return Member(path, name, team, group, int(tier) if tier else None, place)


def _text_rows(name: str, data: bytes) -> Iterator[_Row]:
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        text = line.split(" #")[0].strip()
        if text and not text.startswith("#"):
            yield f"{name}:{number}", {"path": text}


def _csv_rows(name: str, data: bytes, problems: list[str]) -> Iterator[_Row]:
    reader = csv.reader(data.decode("utf-8-sig", "replace").splitlines(), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if "path" not in header:
            problems.append(f"{name}:1: no column `path`; the columns are {', '.join(KEYS)}")
            return
        if unknown := [cell for cell in header if cell and cell not in KEYS]:
            problems.append(f"{name}:1: columns that are not read: {', '.join(unknown)[:200]}")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"{name}:{reader.line_num}", dict(zip(header, cells, strict=False))
    except csv.Error as error:
        problems.append(f"{name}:{reader.line_num}: not CSV: {error}; the rest is not read")


def _yaml_rows(name: str, data: bytes, problems: list[str]) -> Iterator[_Row]:
    root, wrong = parse_yaml(data, file=name)
    problems += [f"{one.where}: {one.message}" for one in wrong]
    for one in items_of(find(root, "repositories") if isinstance(root, Entries) else root):
        match one:
            case Scalar():
                yield one.place, {"path": one.text}
            case Entries():
                yield one.place, {key: value.text for key, value in one.values.items() if isinstance(value, Scalar)}
                problems += [
                    f"{one.place}: a key that is not read: `{key[:40]}`" for key in one.values if key not in KEYS
                ]
            case _:
                problems.append(f"{one.place}: expected a path, or a mapping with one")


SPEC = EstateSpec("listing", "a list: text, CSV or YAML", _is_for, read_listing)
