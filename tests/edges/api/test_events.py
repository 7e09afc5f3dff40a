"""Events: the journal as it grows, for one org, resumed where it was left."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from litestar.response import ServerSentEventMessage

from holdfast.edges.api.changes import Changes
from holdfast.edges.api.events import follow
from tests.edges.api.conftest import Caller, World

Stream = AsyncIterator[ServerSentEventMessage]


def write(world: World, org: str, name: str) -> None:
    with world.deps.store.write(org, world.clock.now()) as tx:
        tx.journal.append("test", {"id": name})
    world.deps.changes.notify(org)


async def take(stream: Stream, count: int) -> list[str]:
    """Return the ids that the next events name."""
    out: list[str] = []
    while len(out) < count:
        message = await asyncio.wait_for(anext(stream), 10)
        if message.data is not None:
            entry = msgspec.json.decode(str(message.data))
            assert message.id == entry["seq"]
            assert message.event == entry["kind"]
            out.append(entry["body"]["id"])
    return out


def allowed() -> bool:
    return True


def start(world: World, after: int, counts: Callable[[], bool] = allowed, **more: float) -> Stream:
    return follow(world.deps, "acme", after, counts, **more)


def test_a_stream_tells_what_is_written_and_nothing_of_another_org(world: World) -> None:
    async def run() -> list[str]:
        stream = start(world, 0, look_s=30.0)
        await anext(stream)
        write(world, "globex", "theirs")
        write(world, "acme", "first")
        found = await take(stream, 1)
        waiting = asyncio.create_task(take(stream, 1))
        await asyncio.sleep(0)
        await asyncio.to_thread(write, world, "acme", "second")
        return found + await waiting

    assert asyncio.run(run()) == ["first", "second"]


def test_a_stream_is_resumed_after_the_number_it_was_left_at(world: World) -> None:
    for name in ("one", "two", "three"):
        write(world, "acme", name)

    async def run() -> list[str]:
        return await take(start(world, 1), 2)

    assert asyncio.run(run()) == ["two", "three"]


def test_more_than_a_batch_is_told_in_order(world: World) -> None:
    with world.deps.store.write("acme", world.clock.now()) as tx:
        for number in range(450):
            tx.journal.append("test", {"id": f"x{number}"})

    async def run() -> list[str]:
        return await take(start(world, 0), 450)

    assert asyncio.run(run()) == [f"x{number}" for number in range(450)]


def test_what_another_process_wrote_is_found_without_a_hint(world: World) -> None:
    async def run() -> list[str]:
        stream = start(world, 0, look_s=0.01)
        await anext(stream)
        with world.deps.store.write("acme", world.clock.now()) as tx:
            tx.journal.append("test", {"id": "silent"})
        return await take(stream, 1)

    assert asyncio.run(run()) == ["silent"]


def test_an_idle_stream_is_kept_alive_by_comments(world: World) -> None:
    async def run() -> list[str | None]:
        stream = start(world, 0, look_s=0.01, heartbeat_s=0.02)
        return [(await asyncio.wait_for(anext(stream), 10)).comment for _ in range(3)]

    assert asyncio.run(run()) == ["following", "still here", "still here"]


def test_a_stream_ends_with_its_token(world: World) -> None:
    answers = iter([True, False])

    async def run() -> int:
        stream = start(world, 0, lambda: next(answers), look_s=0.01)
        return len([message async for message in stream])

    assert asyncio.run(run()) == 1


def test_a_stream_ends_when_the_process_stops(world: World) -> None:
    async def run() -> int:
        stream = start(world, 0, look_s=60.0)
        await anext(stream)
        rest = asyncio.create_task(anext(stream, None))
        world.deps.changes.close()
        return 0 if await asyncio.wait_for(rest, 10) is None else 1

    assert asyncio.run(run()) == 0


def test_a_hint_reaches_its_org_only_and_is_not_lost_before_waiting() -> None:
    changes = Changes()

    async def run() -> tuple[bool, bool]:
        with changes.listening("acme") as ours, changes.listening("globex") as theirs:
            await asyncio.to_thread(changes.notify, "globex")
            await asyncio.wait_for(theirs.wait(), 10)
            return ours.is_set(), theirs.is_set()

    assert asyncio.run(run()) == (False, True)


def test_who_left_is_not_told_any_more() -> None:
    changes = Changes()

    async def run() -> bool:
        with changes.listening("acme") as hint:
            pass
        changes.notify("acme")
        await asyncio.sleep(0)
        return hint.is_set()

    assert asyncio.run(run()) is False


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 40, "١"])
def test_a_wrong_resume_point_is_refused(admin: Caller, value: str) -> None:
    assert admin.get("/events", 400, headers={"Last-Event-ID": value.encode()})["where"] == "Last-Event-ID"


def test_the_answer_is_an_event_stream_that_resumes(world: World, admin: Caller) -> None:
    write(world, "acme", "before")
    head = admin.get("/journal/head")["seq"]
    # closing first makes the stream finite: it says that it follows, and ends
    world.deps.changes.close()
    headers = {"Authorization": f"Bearer {admin.token}", "Last-Event-ID": str(head)}
    answer = world.client.get("/api/v1/events", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert ": following" in answer.text
