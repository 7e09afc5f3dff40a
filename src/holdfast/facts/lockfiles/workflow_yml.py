"""GitHub workflows (`.github/workflows/*.yml`) and actions (`action.yml`): what they run of others.

Rules:

1. `uses: owner/name[/path]@ref` is the component `owner/name` at that ref: steps of jobs and of composite actions, and
   workflows that are called. It runs with the rights of the pipeline, so its scope is runtime.
2. A full tag is a version. A moving tag (`v4`) or a branch stands as written: where an advisory speaks of the action,
   the order of versions tells what that means, and nothing is a pass by it.
3. A commit stands for the tag that the comment behind it names (`# v4.1.1`): only the repository could tell better. One
   without such a comment is unparsed, and so is a ref with an expression in it.
4. `./path` is named with source `path`; `docker://` and the images of containers and services as a Dockerfile's are.

Source: GitHub documentation, "Workflow syntax", "Metadata syntax", "Security hardening".
"""

import re
from collections.abc import Iterator

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._image import add_image
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, lines_of
from holdfast.facts.lockfiles._yaml import YamlObject, items_of, load_yaml_object
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree

_ACTION = re.compile(r"([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)((?:/[^@\s]*)?)@(\S+)\Z")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")
_SHORT_COMMIT = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,39}\Z")
_COMMENT = re.compile(
    r"\s#+\s*(?:(?:pin|tag|version)\s*[=:@]\s*)?(?:[^\s@]+@)?"
    r"((?:v\d+(?:\.\d+)*|\d+(?:\.\d+)+)(?:[-+][0-9A-Za-z.+-]+)?)(?![^\s,;)])"
)
_COMMENT_CHARACTERS = 300
_RUNS = re.compile(rb"^runs[ \t]*:", re.MULTILINE)
_DOCKER = "docker://"


class _Reading:
    """One document's uses, put into a gathering."""

    def __init__(self, gathering: Gathering, lines: list[str]) -> None:
        self.gathering = gathering
        self.lines = lines

    def use(self, value: object, line: int) -> None:
        """Add what one `uses` names."""
        if not isinstance(value, str):
            self.gathering.skip(line, f"expected `uses: owner/name@ref`, got {value!r}")
        elif value.startswith(_DOCKER):
            self.image(value[len(_DOCKER) :], line)
        elif value.startswith("./"):
            self.gathering.add(value, "", line, source=Source.PATH, direct=True)
        else:
            self._action(value, line)

    def _action(self, value: str, line: int) -> None:
        found = _ACTION.match(value)
        if found is None or "${{" in value:
            because = "an expression says what it is" if "${{" in value else "expected `owner/name@ref`"
            self.gathering.skip(line, f"`uses: {value}`: {because}")
            return
        name, ref = found[1], found[3]
        if _COMMIT.match(ref) or _SHORT_COMMIT.match(ref):
            text = self.lines[line - 1] if line <= len(self.lines) else ""
            comment = _COMMENT.search(text.partition(ref)[2][:_COMMENT_CHARACTERS])
            if comment is None:
                because = "is a commit: no comment behind it, such as `# v1.2.3`, tells the release"
                self.gathering.skip(line, f"`{name}@{ref}` {because}")
                return
            ref = comment[1]
        self.gathering.add(name, ref.removeprefix("refs/tags/").removeprefix("refs/heads/"), line, direct=True)

    def image(self, value: object, line: int) -> None:
        """Add an image."""
        if not isinstance(value, str) or not value.strip():
            return
        if "${{" in value:
            self.gathering.skip(line, f"the image `{value}`: an expression says what it is")
        else:
            add_image(self.gathering, value.removeprefix(_DOCKER), line)

    def container(self, owner: YamlObject, key: str) -> None:
        """Add the image of a container, which may be a text or a mapping."""
        value = owner.get(key)
        if isinstance(value, YamlObject):
            self.image(value.get("image"), value.lines.get("image", value.line))
        else:
            self.image(value, owner.lines.get(key, owner.line))

    def steps(self, owner: YamlObject) -> None:
        """Add what the steps of a job, or of a composite action, use."""
        for line, step in items_of(owner.get("steps")):
            if not isinstance(step, YamlObject):
                self.gathering.skip(line, f"expected a step, got {type(step).__name__}")
            elif "uses" in step:
                self.use(step["uses"], step.lines["uses"])


def _objects(owner: YamlObject, key: str, gathering: Gathering) -> Iterator[YamlObject]:
    """Yield the mappings within the mapping at `key`; what is something else is told."""
    value = owner.get(key)
    if value is None:
        return
    if not isinstance(value, YamlObject):
        gathering.skip(owner.lines.get(key), f"expected a mapping at `{key}`: what stands there was not read")
        return
    for name, entry in value.items():
        if isinstance(entry, YamlObject):
            yield entry
        else:
            gathering.skip(value.lines.get(name), f"expected a mapping at `{key}.{name}`: it was not read")


def _read_jobs(root: YamlObject, reading: _Reading) -> None:
    gathering = reading.gathering
    for job in _objects(root, "jobs", gathering):
        if "uses" in job:
            reading.use(job["uses"], job.lines["uses"])
        reading.container(job, "container")
        for service in _objects(job, "services", gathering):
            reading.container(service, "image")
        reading.steps(job)


def _read_action(root: YamlObject, reading: _Reading) -> None:
    runs = root.get("runs")
    if not isinstance(runs, YamlObject):
        if "runs" in root:
            reading.gathering.skip(root.lines.get("runs"), "expected a mapping at `runs`: it was not read")
        return
    reading.steps(runs)
    image = runs.get("image")
    if isinstance(image, str) and image.startswith(_DOCKER):  # else it is a Dockerfile, which is read on its own
        reading.image(image, runs.lines["image"])


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return what a workflow or an action runs of others; the tree is not needed.

    Raises:
        FactError: not YAML, or no mapping.
    """
    root, gaps = load_yaml_object(file, data)
    gathering = Gathering(file, SPEC.id, "GitHub Actions")
    gathering.skip_all(gaps)
    reading = _Reading(gathering, lines_of(decode(file, data)))
    if "jobs" not in root and "runs" not in root:
        gathering.skip(1, "neither `jobs` nor `runs` in it: not a whole workflow")
    _read_jobs(root, reading)
    _read_action(root, reading)
    return gathering.parsed()


def sniff(file: str, data: bytes) -> bool:
    """Return whether it is one: by its folder, or because it says what it `runs`."""
    return ".github/workflows/" in f"/{file}".lower() or _RUNS.search(data) is not None


SPEC = LockfileSpec(
    id="workflow_yml",
    patterns=(".github/workflows/*.yml", ".github/workflows/*.yaml", "action.yml", "action.yaml"),
    parse=parse,
    sniff=sniff,
    limit_bytes=8 << 20,
)
