"""Types command lines for tests, in this process, and keeps what they print."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from holdfast.app.local_api import LocalApi, open_local_api
from holdfast.app.main import run
from holdfast.app.terminal import open_terminal
from holdfast.ports.api import Api


@dataclass(frozen=True)
class Printed:
    """What one command line printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


class _KeptOpen:
    """The API of one data folder, which commands may close as they like; opening it is what takes time."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._api: LocalApi | None = None

    def open(self, data: Path) -> Api:
        """Return the API of the folder, opened when first asked for; another folder's own API."""
        if data != self._data or not data.is_dir():
            return open_local_api(data)
        self._api = self._api or open_local_api(data)
        return cast(Api, _NotClosed(self._api))

    def end(self) -> None:
        """Close it."""
        if self._api is not None:
            self._api.close()
            self._api = None


class _NotClosed:
    """An API that stays open when a command closes it."""

    def __init__(self, api: LocalApi) -> None:
        self.call, self.pages = api.call, api.pages

    def close(self) -> None:
        """Stay open."""


@dataclass(frozen=True)
class Shell:
    """Runs `holdfast` on one data folder; `files` is a folder for inputs."""

    data: Path
    files: Path
    kept: _KeptOpen

    @classmethod
    def at(cls, folder: Path) -> "Shell":
        """Return a shell on `folder/data`, with inputs in `folder/files`."""
        return cls(folder / "data", folder / "files", _KeptOpen(folder / "data"))

    def end(self) -> None:
        """Close the data folder."""
        self.kept.end()

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", code: int = 0) -> Printed:
        """Run a command line and check its exit code."""
        out, err = _stream(), _stream()
        with redirect_stdout(out), redirect_stderr(err), _stdin(stdin):
            ended = run([str(one) for one in arguments], replace(open_terminal(), open_local=self.kept.open))
        printed = Printed(ended, _text(out), _text(err))
        assert printed.code == code, (arguments, printed)
        return printed

    def json(self, *arguments: str | Path, stdin: bytes = b"", code: int = 0) -> Any:
        """Run a command line with `--format json` and return the document."""
        return self(*arguments, "--format", "json", stdin=stdin, code=code).json

    def write(self, name: str, content: str | bytes | dict[str, Any] | list[Any]) -> Path:
        """Write an input file; values become JSON."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) if isinstance(content, dict | list) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
