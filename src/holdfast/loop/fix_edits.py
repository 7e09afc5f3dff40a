"""What a plan of upgrades changes in the files of a tree: nothing is written here.

Rules:

1. A step is edited whole or not at all; where one of its files refuses, none of them is touched for it.
2. What something else asks for is not edited into a manifest: the tool raises it in the lock file.
3. A file that a lock file stands for is edited, and not locked by that: it says what to run.
4. Manifests are those in the folder of the lock file and below, as far as no other lock file is nearer.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.loop.fix_plan import Raised
from holdfast.model.component import Sbom
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree
from holdfast.remediations.edits import Cut, Manifest, Wanted, find_manifest, make_cuts, plan_cuts
from holdfast.remediations.locate import format_of
from holdfast.remediations.locks import Lock, find_lock

_MOST_BYTES = 8 << 20


@frozen
class Change:
    """A file's bytes as they were read, and as they are to be."""

    file: str
    before: bytes
    after: bytes


@frozen
class Deed:
    """What becomes of one step: the files that are edited for it (none where `because` says why), and the lock file.

    `lock_file` is the file that has to change before anything is fixed, `None` where the edit is all. `lock` is the
    command that can be run for it; without one `step` says what to type.
    """

    raised: Raised
    step: Fix
    files: tuple[str, ...] = ()
    lock_file: str | None = None
    lock: Lock | None = None
    because: str = ""

    @property
    def command(self) -> str:
        """What to type to lock it, or to do it."""
        return self.lock.text if self.lock else self.step.command or self.step.note


@frozen
class EditPlan:
    """All changes of files, in order of path, and what becomes of every step."""

    changes: tuple[Change, ...]
    deeds: tuple[Deed, ...]


@dataclass(slots=True)
class _Files:
    """The files of a tree that are edited, with the cuts so far."""

    tree: Tree
    data: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[Cut]] = field(default_factory=dict)

    def read(self, file: str) -> bytes:
        if file not in self.data:
            self.data[file] = self.tree.read(file, _MOST_BYTES)
        return self.data[file]

    def add(self, planned: dict[str, list[Cut]]) -> None:
        """Take the cuts of one step. Raises: FactError, when they don't go with those of others."""
        for file, cuts in planned.items():
            make_cuts(self.data[file], [*self.cuts.get(file, []), *cuts])
        for file, cuts in planned.items():
            self.cuts.setdefault(file, []).extend(cuts)

    def changes(self) -> tuple[Change, ...]:
        made = (Change(file, self.data[file], make_cuts(self.data[file], cuts)) for file, cuts in self.cuts.items())
        return tuple(sorted((one for one in made if one.before != one.after), key=lambda one: one.file))


def plan_edits(raised: Sequence[Raised], sbom: Sbom, tree: Tree) -> EditPlan:
    """Return what `--apply` is to write for these upgrades."""
    files, formats = _Files(tree), {file: format_id for file, format_id, _ in sbom.files}
    deeds = [_deed(one, step, formats, files) for one in raised for step in one.steps]
    return EditPlan(files.changes(), tuple(deeds))


def _deed(raised: Raised, step: Fix, formats: dict[str, str], files: _Files) -> Deed:
    if step.location is None:
        return Deed(raised, step, because="nobody knows where it comes from")
    scanned = step.location.file
    format_id = format_of(scanned, formats)
    manifest = find_manifest(format_id)
    lock_file = _lock_file(format_id, scanned, manifest, formats)
    if manifest is None or (raised.occurrence.direct is False and not manifest.is_itself):
        can_help = manifest is None or step.command is not None  # a range that forbids the version is no use updating
        lock = find_lock(format_id, raised.component, raised.version, is_edited=False) if can_help else None
        asked = "something else asks for it: only its tool can raise it" if manifest else "only its tool can edit it"
        return Deed(raised, step, (), lock_file, lock, asked)
    try:
        planned = _plan(raised, scanned, manifest, formats, files)
        files.add(planned)
    except FactError as error:
        return Deed(raised, step, (), lock_file, None, error.message)
    if not planned and lock_file is None:
        return Deed(raised, step, because=f"the version is not set in {scanned}")
    lock = find_lock(format_id, raised.component, raised.version, is_edited=bool(planned))
    because = "" if planned else "its manifest allows the version already"
    return Deed(raised, step, tuple(planned), lock_file, lock if lock_file else None, because)


def _lock_file(format_id: str | None, scanned: str, manifest: Manifest | None, formats: dict[str, str]) -> str | None:
    """The lock file that stands for what is edited; `None` where the edit is all there is to do."""
    if manifest is None or not manifest.is_itself:
        return scanned
    if format_id == "go_mod":
        sums = posixpath.join(posixpath.dirname(scanned), "go.sum")
        return sums if sums in formats else None
    return None


def _plan(
    raised: Raised, scanned: str, manifest: Manifest, formats: dict[str, str], files: _Files
) -> dict[str, list[Cut]]:
    """Return the cuts of a step by file, files without any left out. Raises: FactError."""
    component, occurrence = raised.component, raised.occurrence
    planned: dict[str, list[Cut]] = {}
    for file in [scanned] if manifest.is_itself else _manifests(scanned, manifest.name, formats, files.tree):
        lines = tuple(place.line for place in occurrence.locations if place.file == file and place.line is not None)
        wanted = Wanted(component.ecosystem, component.name, component.version, raised.version, occurrence.alias, lines)
        try:
            cuts = list(plan_cuts(manifest, files.read(file), wanted))
        except FactError as error:
            raise FactError(f"{file}: {error.message}") from None
        if cuts:
            planned[file] = cuts
    return planned


def _manifests(lock_file: str, name: str, formats: dict[str, str], tree: Tree) -> list[str]:
    """The manifests that a lock file stands for."""
    folder, lock_name = posixpath.split(lock_file)
    others = {posixpath.dirname(file) for file in formats if posixpath.basename(file) == lock_name} - {folder}

    def is_ours(file: str) -> bool:
        above = posixpath.dirname(file)
        while above != folder:
            if above in others or not above:
                return False
            above = posixpath.dirname(above)
        return True

    return [file for file in tree.walk() if posixpath.basename(file) == name and is_ours(file)]
