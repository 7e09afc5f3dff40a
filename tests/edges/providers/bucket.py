"""Feeds for tests: records, folders in a bucket's layout, and a small HTTP server that can cut, forget and redirect."""

import hashlib
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


def record(
    identifier: str,
    ecosystem: str = "PyPI",
    name: str = "lamp",
    *,
    fixed: str = "1.5",
    modified: str = "2026-01-02T03:04:05Z",
    **more: Any,
) -> dict[str, Any]:
    """Return an OSV record: everything of a package before `fixed`."""
    events = [{"introduced": "0"}, {"fixed": fixed}]
    package = {"ecosystem": ecosystem, "name": name}
    affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return {"id": identifier, "modified": modified, "published": modified, "affected": affected, **more}


def write_zip(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write a zip of records, named by id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in records:
            archive.writestr(f"{one['id']}.json", json.dumps(one))


def write_bucket(root: Path, feeds: Mapping[str, Sequence[Mapping[str, Any]]], *, singles: bool = False) -> Path:
    """Write a folder in a bucket's layout; with `singles`, every record stands alone as well."""
    for ecosystem, records in feeds.items():
        folder = root / ecosystem
        write_zip(folder / "all.zip", records)
        lines = sorted((f"{one['modified']},{one['id']}" for one in records), reverse=True)
        (folder / "modified_id.csv").write_text("\n".join(lines) + "\n")
        for one in records if singles else ():
            (folder / f"{one['id']}.json").write_text(json.dumps(one))
    (root / "ecosystems.txt").write_text("\n".join(sorted(feeds)) + "\n")
    return root


@dataclass
class Bucket:
    """A served folder. `asked` are (method, path, status); `cut` maps a path's ending to where its body is cut once."""

    root: Path
    url: str = ""
    etags: bool = True
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    cut: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)

    def answers(self, ending: str) -> list[int]:
        """Return the statuses of what was asked of paths with this ending."""
        return [status for _, path, status in self.asked if path.endswith(ending)]


@contextmanager
def serve(root: Path, **options: Any) -> Iterator[Bucket]:
    """Serve a folder on loopback while the context is open."""
    bucket = Bucket(root, **options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(bucket))
    server.daemon_threads = True
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(bucket: Bucket) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
            bucket.asked.append((self.command, self.path, status))
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD" or status == 304:
                return
            at = bucket.cut.pop(self.path, None)
            self.wfile.write(body if at is None else body[:at])
            if at is not None:
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()

        def do_GET(self) -> None:
            """Answer with a file, a part of it, or that it is as it was."""
            target = bucket.redirects.get(self.path)
            if target is not None:
                self._answer(302, headers={"Location": target})
                return
            path = bucket.root / unquote(self.path).lstrip("/")
            if not path.is_file():
                self._answer(404)
                return
            body = path.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers = {"ETag": tag} if bucket.etags else {"Last-Modified": self.date_time_string(path.stat().st_mtime)}
            if self._is_as_it_was(headers):
                self._answer(304, headers=headers)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if wanted and self.headers.get("If-Range") == tag:
                bucket.ranges.append(self.headers["Range"])
                start = int(wanted[1])
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                self._answer(206, body[start:], headers)
                return
            self._answer(200, body, headers)

        def _is_as_it_was(self, headers: Mapping[str, str]) -> bool:
            if "ETag" in headers:
                return self.headers.get("If-None-Match") == headers["ETag"]
            return self.headers.get("If-Modified-Since") == headers["Last-Modified"]

        do_HEAD = do_GET  # noqa: N815 - the name it is called by

    return Handler
