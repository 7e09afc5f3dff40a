"""What a server is asked of each service of a tree.

Rules:

1. A service that lies in one folder is sent as that folder is: files are told from there, as `holdfast gate FOLDER` and
   `holdfast adopt` do, so that the same is compared with the same. A service of several folders, and one that answers
   for files outside of its folder as well, is told from the top.
2. Another tool's report is read once, and each service gets what is said of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from holdfast.edges.cli.gate_gather import GateOptions
from holdfast.edges.cli.gate_server import Asked
from holdfast.edges.cli.gate_services import Part, parts_of, reports_of
from holdfast.errors import UsageError
from holdfast.gate.decide import Bound
from holdfast.loop.gate_reported import Reported, Sources, read_reported
from holdfast.loop.gate_services import below, folders_of, owner_of
from holdfast.model.reported import Report

Reports = Callable[[], tuple[tuple[Report, ...], tuple[str, ...]]]


def split_asked(
    whole: Asked, services: Sequence[Bound], options: GateOptions, sources: Sources, reports: Reports
) -> list[Asked]:
    """Return what is asked of each service. Raises: UsageError: there is one artifact for several of them."""
    if whole.artifact is not None:
        hint = "ask for each by itself: `--service NAME`"
        raise UsageError("one artifact is not that of several services", where="--artifact", hint=hint)
    stated = whole.trusted.stated
    keep = bool(options.findings or options.tools)
    owner = owner_of(stated)
    parts = parts_of(services, owner, whole.sbom, whole.before, keep_empty=keep)

    @cache
    def divided() -> Mapping[str, tuple[Report, ...]]:
        return reports_of(parts, owner, reports()[0])

    def look(part: Part) -> tuple[Reported, tuple[str, ...]]:
        mine = divided().get(part.bound.service, ())
        return read_reported(mine, replace(sources, base_sbom=part.before)), reports()[1]

    return [_asked(whole, part, cache(partial(look, part))) for part in parts]


def _asked(whole: Asked, part: Part, look: Callable[[], tuple[Reported, tuple[str, ...]]]) -> Asked:
    stated = whole.trusted.stated
    folders = folders_of(stated, part.bound.service)
    folder = folders[0] if len(folders) == 1 and _lies_in(part, folders[0]) else ""
    return replace(
        whole,
        service=part.bound.service,
        sbom=below(part.sbom, folder),
        before=below(part.before, folder) if part.before is not None else None,
        trusted=replace(whole.trusted, stated=replace(stated, bound=part.bound, folders=())),
        look=look,
        folder=folder,
    )


def _lies_in(part: Part, folder: str) -> bool:
    sides = (part.sbom, *([part.before] if part.before is not None else []))
    named = [file for side in sides for file in (*(one[0] for one in side.files), *(gap.file for gap in side.unparsed))]
    named += [place.file for side in sides for one in side.occurrences for place in one.locations]
    return all(file.startswith(f"{folder}/") for file in named)
