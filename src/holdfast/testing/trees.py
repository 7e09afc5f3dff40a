"""A tree of files in memory."""

from collections.abc import Iterator, Mapping

from holdfast.errors import FactError


class MemoryTree:
    """Keeps files by path; text is stored as UTF-8."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    def walk(self) -> Iterator[str]:
        """Yield all paths, sorted."""
        yield from sorted(self._files)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it is not there, or over `limit_bytes`.
        """
        data = self._get(path)
        if len(data) > limit_bytes:
            raise FactError(f"expected at most {limit_bytes} bytes, got {len(data)}", where=path)
        return data

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`.

        Raises:
            FactError: it is not there.
        """
        return self._get(path)[start : start + count]

    def _get(self, path: str) -> bytes:
        data = self._files.get(path)
        if data is None:
            raise FactError("no such file", where=path)
        return data
