"""Ten thousand listeners in one process: raw sockets on an event loop, so that what is measured is the server.

Started by `benchmarks.fanout`. Speaks in lines of JSON on standard output: `ready`, then one for every change, with the
instants (CLOCK_MONOTONIC, which all processes of a machine share) at which each client knew of it.
"""

import asyncio
import json
import re
import resource
import sys
import time
from collections import deque
from functools import partial
from typing import Any

import grpc
from grpc import aio

_ID = re.compile(rb"id: (\S+)\n")
_REVISION = re.compile(rb'"revision": ?(\d+)\}\}$')
CONNECTING = 200
REFETCHING = 500


class _Listener(asyncio.Protocol):
    """One client of the stream."""

    def __init__(self, crowd: "Sse", request: bytes) -> None:
        self._crowd, self._request = crowd, request
        self._last = b""

    def connection_made(self, transport: Any) -> None:  # uvloop's own is no asyncio.WriteTransport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        for edition in _ID.findall(data):
            if edition != self._last:
                self._last = edition
                self._crowd.told(edition.decode())

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.lost += 1


class Sse:
    """All listeners; counts who was told of which edition, and lets each evaluate again."""

    def __init__(self, host: str, port: int, token: str, count: int) -> None:
        self.host, self.port, self.token, self.count = host, port, token, count
        self.lost = 0
        self.at: dict[str, list[float]] = {}
        self.refetched: dict[str, list[float]] = {}
        self.waiting: deque[str] = deque()
        self.asking: dict[_Question, asyncio.Task[Any]] = {}
        body = b'{"context":{"targetingKey":"u"}}'
        self.question = (
            f"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def told(self, edition: str) -> None:
        """One client was told."""
        first = not self.at
        self.at.setdefault(edition, []).append(time.monotonic())
        if first or next(iter(self.at)) == edition:
            return  # the notice after connecting
        self.waiting.append(edition)
        self.refetch()

    async def connect(self) -> None:
        """Open every stream."""
        loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(CONNECTING)

        async def one(number: int) -> None:
            request = (
                f"GET /ofrep/v1/events HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.token}\r\n"
                f"X-Holdfast-Client: sse-{number}\r\nX-Holdfast-Kind: browser\r\nAccept: text/event-stream\r\n\r\n"
            ).encode()
            async with gate:
                address = (f"127.0.0.{2 + number % 8}", 0)
                await loop.create_connection(lambda: _Listener(self, request), self.host, self.port, local_addr=address)

        await asyncio.gather(*(one(number) for number in range(self.count)))
        await reached(lambda: sum(len(times) for times in self.at.values()) >= self.count)

    def refetch(self) -> None:
        """Let those who were told evaluate again, each on a connection of its own, `REFETCHING` at a time."""
        while self.waiting and len(self.asking) < REFETCHING:
            question = _Question(self, self.waiting.popleft())
            loop = asyncio.get_running_loop()
            opening = loop.create_connection(partial(_itself, question), self.host, self.port)
            self.asking[question] = loop.create_task(opening)

    def answered(self, question: "_Question") -> None:
        """One of them has its answer."""
        del self.asking[question]
        if question.answer.startswith(b"HTTP/1.1 200"):
            self.refetched.setdefault(question.edition, []).append(time.monotonic())
        self.refetch()


def _itself(question: "_Question") -> "_Question":
    return question


class _Question(asyncio.Protocol):
    """One evaluation after a notice."""

    def __init__(self, crowd: Sse, edition: str) -> None:
        self._crowd, self.edition, self.answer = crowd, edition, b""

    def connection_made(self, transport: Any) -> None:  # uvloop's own is no asyncio.WriteTransport
        transport.write(self._crowd.question)

    def data_received(self, data: bytes) -> None:
        self.answer += data

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.answered(self)


class Sync:
    """All streams of `flagd.sync.v1`, a channel and connection each."""

    def __init__(self, host: str, port: int, token: str, count: int) -> None:
        self.host, self.port, self.token, self.count = host, port, token, count
        self.at: dict[str, list[float]] = {}
        self.lost = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Open every stream."""
        for number in range(self.count):
            self.tasks.append(asyncio.get_running_loop().create_task(self._listen(number)))
            if number % 50 == 49:
                await asyncio.sleep(0.05)
        await reached(lambda: sum(len(times) for times in self.at.values()) >= self.count)

    async def _listen(self, number: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        metadata = (("authorization", f"Bearer {self.token}"), ("x-holdfast-client", f"grpc-{number}"))
        try:
            async with aio.insecure_channel(f"{self.host}:{self.port}", options=options) as channel:
                call: Any = channel.unary_stream("/flagd.sync.v1.FlagSyncService/SyncFlags")(b"", metadata=metadata)
                async for message in call:
                    found = _REVISION.search(message)
                    assert found is not None
                    self.at.setdefault(found[1].decode(), []).append(time.monotonic())
        except grpc.RpcError:
            self.lost += 1


async def reached(holds: Any, patience_s: float = 120.0) -> bool:
    """Wait until it holds."""
    until = time.monotonic() + patience_s
    while not holds() and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return bool(holds())


async def main(kind: str, host: str, port: int, token: str, count: int) -> None:
    """Connect, say so, and report each edition that standard input names once everybody knows of it."""
    crowd: Sse | Sync = Sse(host, port, token, count) if kind == "sse" else Sync(host, port, token, count)
    begun = time.monotonic()
    await crowd.connect()
    connected = sum(len(times) for times in crowd.at.values())
    print(json.dumps({"ready": connected, "seconds": time.monotonic() - begun}), flush=True)
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        await reached(lambda line=line: len(crowd.at.get(line, [])) >= count, 60)
        report: dict[str, Any] = {"told": crowd.at.get(line, []), "lost": crowd.lost}
        if isinstance(crowd, Sse):
            await reached(lambda line=line: len(crowd.refetched.get(line, [])) >= count, 60)
            report["refetched"] = crowd.refetched.get(line, [])
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
