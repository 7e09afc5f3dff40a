"""The file system that an image's layers make, merged from the lowest up.

Rules:

1. An upper layer's entry takes the place of a lower one's; two folders become one. `.wh.NAME` takes NAME away from the
   layers below, `.wh..wh..opq` all that they have in its folder; neither touches its own layer.
2. The folders above an entry are followed through links, as those do who unpack images: on a merged `/usr`, `lib/x` is
   `usr/lib/x`. Links never lead out: `/` and `..` end at the image's own top.
3. A hard link is another name of a file that is there already, in this layer or below.

Source: OCI image specification, "Image Layer Filesystem Changeset".
"""

from collections.abc import Iterable, Iterator

from holdfast.edges.providers.images.sources import Source
from holdfast.edges.providers.images.tar import MAX_PATH_BYTES, Entry, Kind
from holdfast.errors import FactError
from holdfast.model.frozen import frozen

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_MAX_HOPS = 40
_MAX_STEPS = 20_000_000
"""How many names in the targets of links are followed, in sum: a large image has a hundredth of it."""


@frozen
class StoredFile:
    """A file: where its bytes are. `head` are its first ones, `tail` its last, `kept` all where they were kept."""

    content: Source
    offset: int
    size: int
    head: bytes = b""
    tail: bytes = b""
    kept: bytes | None = None


@frozen
class Link:
    """A symbolic link."""

    target: str


@frozen
class Unreadable:
    """Something that is no file to read."""

    because: str


Folder = dict[str, "Node"]
Node = Folder | StoredFile | Link | Unreadable
Placed = tuple[Entry, StoredFile | None]
"""An entry and, of a file, where its bytes are."""


class FileSystem:
    """What the layers that were applied make."""

    def __init__(self, max_steps: int = _MAX_STEPS) -> None:
        self._top: Folder = {}
        self._steps_left = max_steps

    def apply(self, layer: Iterable[Placed], what: str) -> None:
        """Lay a layer over those below; `what` names it in errors. Raises: FactError: a link of it leads nowhere."""
        placed = []
        for entry, file in layer:
            name = entry.path.rpartition("/")[2]
            if name.startswith(_WHITEOUT):
                self._take_away(entry.path, name)
            elif entry.path:
                placed.append((entry, file))
        for entry, file in placed:
            self._put(entry, file, what)

    def _take_away(self, path: str, name: str) -> None:
        folder = self._find_folder(path.rpartition("/")[0].split("/"))
        if folder is None:
            return
        if name == _OPAQUE:
            folder.clear()
        else:
            folder.pop(name.removeprefix(_WHITEOUT), None)

    def _put(self, entry: Entry, file: StoredFile | None, what: str) -> None:
        above, _, name = entry.path.rpartition("/")
        folder = self._make_folder(above.split("/") if above else [], what)
        if entry.kind is Kind.FOLDER:
            if not isinstance(folder.get(name), dict):
                folder[name] = {}
        elif entry.kind is Kind.LINK:
            is_long = len(entry.target) > MAX_PATH_BYTES
            folder[name] = Unreadable("a link whose target is too long") if is_long else Link(entry.target)
        elif entry.kind is Kind.HARD:
            folder[name] = self._linked(entry.target)
        elif file is not None:
            folder[name] = file
        else:
            folder[name] = Unreadable("not a regular file")

    def _linked(self, target: str) -> Node:
        parts = [part for part in target.split("/") if part not in {"", "."}]
        folder = self._find_folder(parts[:-1]) if parts and ".." not in parts else None
        found = folder.get(parts[-1]) if folder is not None else None
        if found is None or isinstance(found, dict):
            return Unreadable(f"a hard link to a file that is not in the image: {target[:200]!r}")
        return found

    def _make_folder(self, parts: list[str], what: str) -> Folder:
        """Return the folder at a path, made where there is none; a file in the way gives way."""
        folder = self._top
        for number, name in enumerate(parts):
            found = folder.get(name)
            if isinstance(found, dict):
                folder = found
                continue
            if isinstance(found, Link):
                through = self._find_folder(parts[: number + 1])
                if through is not None:
                    folder = through
                    continue
            if len(parts) > 2048:
                raise FactError("folders that are nested too deeply", where=what)
            made: Folder = {}
            folder[name] = made
            folder = made
        return folder

    def _find_folder(self, parts: list[str]) -> Folder | None:
        found = self._resolve(parts)
        return found if isinstance(found, dict) else None

    def find(self, path: str) -> Node | None:
        """Return what is at a path, links followed; `None` where nothing is, or where links go round."""
        return self._resolve(path.split("/"))

    def _resolve(self, parts: list[str]) -> Node | None:
        stack: list[Folder] = [self._top]
        pending = parts[::-1]
        hops = 0
        while pending:
            name = pending.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                if len(stack) > 1:
                    stack.pop()
                continue
            found = stack[-1].get(name)
            if isinstance(found, Link):
                hops += 1
                if hops > _MAX_HOPS:
                    return None
                if found.target.startswith("/"):
                    stack = [self._top]
                names = found.target.split("/")
                self._count(len(names))
                pending.extend(names[::-1])
            elif isinstance(found, dict):
                stack.append(found)
            else:
                is_last = not any(part not in {"", "."} for part in pending)
                return found if is_last else None
        return stack[-1]

    def _count(self, steps: int) -> None:
        """Raises: FactError: following links takes far longer than in any real image."""
        self._steps_left -= steps
        if self._steps_left < 0:
            raise FactError("links that lead to one another without end", where="the image")

    def walk(self) -> Iterator[str]:
        """Yield the paths of files and of links that lead to no folder, in the order of whole paths."""
        pending: list[tuple[str, Node]] = [("", self._top)]
        while pending:
            path, node = pending.pop()
            if isinstance(node, dict):
                names = sorted(f"{name}/" if isinstance(inner, dict) else name for name, inner in node.items())
                prefix = f"{path}/" if path else ""
                pending.extend((prefix + name.rstrip("/"), node[name.rstrip("/")]) for name in reversed(names))
            elif isinstance(node, StoredFile) or (isinstance(node, Link) and not isinstance(self.find(path), dict)):
                yield path
