"""What an output declares, and what it is given beside the decision."""

from collections.abc import Callable
from dataclasses import field
from datetime import datetime

from holdfast.gate.decide import Decision
from holdfast.model.component import Location, Sbom
from holdfast.model.frozen import frozen


@frozen
class OutputContext:
    """What a decision was about.

    `root` is where what was scanned lies in its repository, `""` for the top: places are told from the top. `base` is
    what it was compared with, `None` without one. `sbom` is the composition that was judged.
    """

    now: datetime
    service: str = ""
    root: str = ""
    base: str | None = None
    sbom: Sbom = field(default_factory=lambda: Sbom(()))

    def path(self, file: str) -> str:
        """Return a file's place in the repository."""
        inside = file.lstrip("/")
        return f"{self.root}/{inside}" if self.root else inside

    def place(self, locations: tuple[Location, ...]) -> tuple[str, int]:
        """Return the file and line to point at; without any, the first file that was read, else the folder itself."""
        if locations:
            return self.path(locations[0].file), locations[0].line or 1
        return self.path(self.sbom.files[0][0] if self.sbom.files else "."), 1

    def spot(self, place: str) -> tuple[str, int]:
        """Return the file and line that `file:line` or `file` names."""
        file, _, number = place.rpartition(":")
        if file and number.isascii() and number.isdecimal() and 0 < len(number) < 10:
            return self.path(file), max(1, int(number))
        return (self.path(place), 1) if place else self.place(())


@frozen
class OutputSpec:
    """One output; `id` is the file's name, `extension` that of its files, `summary` what it is in a line."""

    id: str
    extension: str
    summary: str
    render: Callable[[Decision, OutputContext], str]

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.id.replace("_", "-")
