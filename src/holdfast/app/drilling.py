"""Drills in a server's background, and in a command's own process where no server runs.

Rules:
1. A drill is played in a thread of its own, so that nothing waits for it: no request, no kill.
2. What is measured is what applications get: through this very server's address. Where no server runs, one is opened on
   a loopback port for as long as the drill lasts, and the engine goes round while the drill waits.
3. A drill of the schedule is never begun while automation is paused, or its environment is frozen.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from holdfast.edges.providers.api_client import HttpApi
from holdfast.edges.providers.canary import OfrepCanary
from holdfast.errors import HoldfastError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.loop.drills_begin import LIMIT, DrillAsk
from holdfast.loop.drills_runner import begin, end_left_behind, play
from holdfast.loop.drills_stage import Stage
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.loop.tokens import issue_token, revoke_token
from holdfast.model.drill import DrillEvidence, DrillLevel
from holdfast.model.tenancy import Permission
from holdfast.ports.world import Releases

if TYPE_CHECKING:
    from holdfast.app.house import House

LOOK_S = 0.02
_LOG = structlog.get_logger("holdfast")


class Drilling:
    """Plays the drills of one house. `url` is where its server listens, `None` while none does."""

    def __init__(self, house: "House", failures: tuple[type[Exception], ...]) -> None:
        self._house = house
        self._failures = failures
        self._url: str | None = None
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def serve_at(self, url: str) -> None:
        """Say where this house's server listens, and that its engine runs."""
        self._url = url

    @property
    def is_busy(self) -> bool:
        """Whether a drill is being played."""
        with self._lock:
            return bool(self._threads)

    def begin(self, org: str, ask: DrillAsk, by: str) -> DrillEvidence:
        """Begin a drill and play it in the background. Raises as `begin_drill` does."""
        evidence = begin(self._stage(None), org, ask, by)
        self.play(evidence)
        return evidence

    def play(self, evidence: DrillEvidence) -> None:
        """Play a drill that has begun, in the background."""
        thread = threading.Thread(target=self._play, args=(evidence,), name="holdfast-drill", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def play_now(self, evidence: DrillEvidence, release: str | None = None) -> DrillEvidence:
        """Play a drill that has begun; returns when it has ended."""
        if evidence.level is DrillLevel.L0:  # it reaches nothing of ours
            return play(self._stage(None), evidence, release)
        with self._address() as url:
            return play(self._stage(url), evidence, release)

    def end_left_behind(self, org: str) -> list[DrillEvidence]:
        """End the drills that a crash left behind."""
        return end_left_behind(self._stage(self._url), org)

    def close(self) -> None:
        """Wait for what is being played, a moment."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout=5)

    def _play(self, evidence: DrillEvidence) -> None:
        try:
            self.play_now(evidence)
        except self._failures as error:  # its evidence stays `running`, and is ended as left behind
            _LOG.warning("drill", id=evidence.id, error=str(error))
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def stage(self, url: str | None = None) -> Stage:
        """Return what drills are played on."""
        return self._stage(url or self._url)

    def _stage(self, url: str | None) -> Stage:
        house = self._house
        public_key = ed25519_public_key(house.signing_key)
        stage = Stage(
            house.store,
            house.clock,
            house.ids,
            house.probe_http,
            self._wait,
            ed25519_signer(house.signing_key),
            ed25519_verifier(public_key),
            public_key,
            targets=house.outside.targets,
            receivers=house.outside.receivers,
            releases=self._rehearsed_releases,
            entries=house.outside.of,
            tcp=house.tcp,
            on_flags=self._flags_changed,
            on_change=house.tell,
            failures=self._failures,
        )
        if url is None:
            return stage
        canary = OfrepCanary(url, house.clock, self._lend)
        return replace(stage, canary=canary, submit=self._submit_to(url))

    def _rehearsed_releases(self, org: str) -> Releases:
        """Return what finds a way back while nothing is wrong yet."""
        house = self._house
        targets, age = house.outside.targets.of(org), house.settings.feed_max_age
        return ReleaseChooser(house.store, org, targets, house.clock, age, rehearsal=True)

    def _flags_changed(self, org: str, environment: str) -> None:
        self._house.flag_feed.notify(org, environment)
        self._house.changes.notify(org)

    def _wait(self, seconds: float) -> None:
        """Let time pass; where no engine runs, go rounds meanwhile."""
        until = time.monotonic() + seconds
        while self._url is None and time.monotonic() < until:
            for org in self._house.store.tenants.orgs():
                self._house.engine.step(org.id)
            time.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
        time.sleep(max(0.0, until - time.monotonic()))

    def _lend(self, org: str, environment: str) -> tuple[str, Callable[[], None]]:
        house = self._house
        token, text = issue_token(
            house.store,
            org,
            "a drill's canary",
            [Permission.FLAGS_READ],
            now=house.clock.now(),
            ids=house.ids,
            expires_at=house.clock.now() + LIMIT,  # whoever lent it may be killed before it is taken back
            environment=environment,
        )
        return text, lambda: _quietly(lambda: revoke_token(house.store, org, token.id, now=house.clock.now()))

    def _submit_to(self, url: str) -> Callable[[str, str], None]:
        def submit(drill: str, envelope: str) -> None:
            api = HttpApi(url, self._house.admin_token)
            try:
                api.call("POST", f"/drills/{drill}/finding", body={"envelope": envelope})
            finally:
                api.close()

        return submit

    @contextmanager
    def _address(self) -> Iterator[str]:
        """Give the address of the server that serves this house, or of one that lasts as long as the drill."""
        if self._url is not None:
            yield self._url
            return
        with _loopback(self._house) as url:
            yield url


def _quietly(deed: Callable[[], object]) -> None:
    try:
        deed()
    except HoldfastError as error:
        _LOG.warning("drill", error=str(error))


@contextmanager
def _loopback(house: "House") -> Iterator[str]:
    """Serve a house on a port of its own, for a moment."""
    import uvicorn

    from holdfast.app.listening import listen

    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(house.application(), log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="holdfast-loopback", daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        listener.close()
