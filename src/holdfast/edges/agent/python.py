"""Collects what is installed in a Python environment.

The folders `site-packages` and `dist-packages` below a path are looked for where environments have them; only
`*.dist-info` and `*.egg-info` are opened, never code.
"""

from collections.abc import Iterator
from pathlib import Path

from holdfast.errors import FactError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.model.component import Sbom

_LIBRARIES = (
    *("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages"),
    *("lib/python*/dist-packages", "local/lib/python*/dist-packages"),
)


class _Environment:
    """The package folders of an environment as a tree: `METADATA` is listed, its neighbours can be read."""

    def __init__(self, root: Path, libraries: list[Path]) -> None:
        self._root = root
        self._libraries = libraries

    def walk(self) -> Iterator[str]:
        """Yield the `METADATA` of every package and every package of the old kind, sorted."""
        found = [path for library in self._libraries for path in library.glob("*.dist-info/METADATA")]
        old = [path for library in self._libraries for path in library.glob("*.egg-info")]
        found += [path / "PKG-INFO" if path.is_dir() else path for path in old]
        yield from sorted(path.relative_to(self._root).as_posix() for path in found)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it can't be read, or is over `limit_bytes`.
        """
        data = self.read_part(path, 0, limit_bytes + 1)
        if len(data) > limit_bytes:
            raise FactError(f"expected at most {limit_bytes} bytes", where=path)
        return data

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`.

        Raises:
            FactError: it can't be read.
        """
        try:
            with (self._root / path).open("rb") as file:
                file.seek(start)
                return file.read(count)
        except OSError as error:
            raise FactError(f"could not be read: {error.strerror}", where=path) from None


def collect_python_environment(path: Path) -> Sbom:
    """Return what is installed in the environment at `path`: a virtual one, a prefix, or a package folder itself.

    Raises:
        UsageError: there is no package folder at or below `path`.
    """
    root = path.resolve()
    libraries = [root] if root.name in {"site-packages", "dist-packages"} and root.is_dir() else []
    libraries += [found.resolve() for glob in _LIBRARIES for found in root.glob(glob) if found.is_dir()]
    unique = [library for library in dict.fromkeys(libraries) if library.is_relative_to(root)]
    if not unique:
        raise UsageError("expected a Python environment, found no `site-packages` in it", where=str(path))
    return read_composition(_Environment(root, unique))
