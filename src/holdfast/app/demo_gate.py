"""`holdfast demo gate`: a change that adds one thing to forty old ones, and what becomes of it. Every step is a real
command in a process of its own, and what it must answer is checked.

1. The change adds one vulnerable package, two levels down: blocked for that one, with what to type.
2. It loosens its own policy: still blocked, and told.
3. A waiver is merged, and covers it; it expires, and covers it no more.
4. The fixed version is taken: it passes.
5. A server keeps what it judged; a stricter policy is tried on that before it counts.
6. An estate of fifty repositories is adopted without a red build.
7. An image in a registry is judged; another scanner's report is explained.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.app import demo_gate_things as things
from holdfast.app.demo_steps import DemoError, free_port, is_up, wait_for
from holdfast.model.frozen import frozen

SHOWN_FIRST, SHOWN_LAST, AT_ONCE = 7, 6, 4
WAIVED_AT_LEAST_S = 5.0


def shorten(lines: Sequence[str]) -> list[str]:
    """Return how an answer begins and ends: what blocks stands above, notes and verdict below."""
    left = len(lines) - SHOWN_FIRST - SHOWN_LAST
    return list(lines) if left < 2 else [*lines[:SHOWN_FIRST], f"… {left} more lines", *lines[-SHOWN_LAST:]]


@frozen
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(slots=True)
class GateDemo:
    """The play. `work` is where everything is made, `say` is told what happens and what commands answer."""

    work: Path
    say: Callable[[str], None]
    top: Path = field(init=False)
    feed: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    gate_s: float = 0.0

    def __post_init__(self) -> None:
        self.top = self.work / "web"
        self.environment = things.quiet_environment(HOLDFAST_DATA=str(self.work / "data"), COLUMNS="120")

    def run(self) -> dict[str, Any]:
        """Play it through; returns what was seen. Raises: DemoError: a step answered otherwise than it must."""
        self.feed = things.write_feed(self.work / "osv")
        self._make_repository()
        seen = {"blocked": self._play_change(), "loosened": self._play_loosening()}
        seen |= {"waived": self._play_waiver(), "fixed": self._play_fix()}
        seen["server"] = self._play_server()
        seen["image"] = self._play_image()
        seen["compared"] = self._play_comparison()
        return seen

    def _make_repository(self) -> None:
        self.top.mkdir()
        things.git(self.top, "init", "-q", "-b", "main", ".")
        files = {
            things.LOCK: things.lock_file(),
            ".holdfast/policy.yaml": things.POLICY,
            "holdfast.yaml": things.MANIFEST,
        }
        things.commit(self.top, "forty findings, all old", files)
        things.git(self.top, "checkout", "-qb", "change")

    def _play_change(self) -> dict[str, Any]:
        self.say(f"A change adds `{things.TOP}`, which brings `{things.DEEP}`; forty old findings are there already.")
        things.commit(self.top, "add forms", {things.LOCK: things.lock_file(forms=True)})
        begun = time.monotonic()
        found = self._gate(1)
        self.gate_s = time.monotonic() - begun
        (one,) = _expect(found["blocking"], lambda every: len(every) == 1, "one finding to block")
        _expect(found["existing"], lambda count: count == things.OLD, f"{things.OLD} old findings")
        _expect(one["path"], lambda path: path == [things.TOP], "the way to the direct dependency")
        self._show("gate", ".", "--base", "main", expected=1)
        return found

    def _play_loosening(self) -> dict[str, Any]:
        self.say(
            "The same change takes the rule out of its own policy. What it says about that counts once it is merged."
        )
        things.commit(self.top, "loosen", {".holdfast/policy.yaml": things.LOOSE})
        found = self._gate(1)
        _expect(found["notes"], lambda notes: any("counts once it is merged" in one for one in notes), "a note of it")
        self._show("gate", ".", "--base", "main", expected=1)
        things.git(self.top, "reset", "-q", "--hard", "HEAD~1")
        return found

    def _play_waiver(self) -> dict[str, Any]:
        now = datetime.now(UTC).replace(microsecond=0)
        until = now + timedelta(
            seconds=round(max(WAIVED_AT_LEAST_S, 5 * self.gate_s))
        )  # two gates fit in, on any machine
        self.say(f"A waiver of it is merged to `main`, approved by somebody else; it ends at {until:%H:%M:%S} UTC.")
        things.git(self.top, "checkout", "-q", "main")
        things.commit(self.top, "waive", {".holdfast/waivers.yaml": things.waiver(now - timedelta(seconds=1), until)})
        things.git(self.top, "checkout", "-q", "change")
        things.git(self.top, "rebase", "-q", "main")
        found = self._gate(0)
        _expect(found["waived"], lambda every: len(every) == 1, "one finding waived, and visible")
        self._show("gate", ".", "--base", "main", expected=0)
        wait_for("the waiver to end", lambda: datetime.now(UTC) >= until)
        self.say("It has ended.")
        ended = self._gate(1)
        (one,) = ended["blocking"]
        _expect(one["waiver"]["void"], lambda void: any("expired" in why for why in void), "why it does not hold")
        self._show("gate", ".", "--base", "main", expected=1)
        return {"while": found, "after": ended}

    def _play_fix(self) -> dict[str, Any]:
        self.say("The developer types what the gate said, and the lock file takes the version that mends it.")
        self._show("fix", "--all", ".", "--base", "main", expected=0)
        things.commit(self.top, "take the fix", {things.LOCK: things.lock_file(forms=True, yaml="2.0.1")})
        found = self._gate(0)
        self._show("gate", ".", "--base", "main", expected=0)
        return found

    def _play_server(self) -> dict[str, Any]:
        self.say("A server judges builds, keeps what it judged them by, and tries a policy on them before it counts.")
        with self._server() as (url, token):
            more = {"HOLDFAST_SERVER": url, "HOLDFAST_TOKEN": token}
            (self.work / "policy.yaml").write_text(things.POLICY, encoding="utf-8")
            self._show("policy", "set", str(self.work / "policy.yaml"), expected=0, more=more)
            self._wait_for_advisories(more)
            things.commit(self.top, "add mild", {things.LOCK: things.lock_file(mild=True)})
            passed = self._ask(
                "gate", ".", "--base", "main", "--service", "web", "--format", "json", expected=0, more=more
            )
            (self.work / "stricter.yaml").write_text(things.STRICTER, encoding="utf-8")
            tried = ("policy", "test", str(self.work / "stricter.yaml"), "--days", "1")
            replay = self._ask(*tried, "--format", "json", expected=0, more=more)
            _expect(replay.out, lambda text: "acme-mild" in text, "the build that it would have held")
            self._show(*tried, expected=0, more=more)
            self._show("builds", "list", expected=0, more=more)
            return {"build": passed.document, "replay": replay.document, "estate": self._play_estate(more)}

    def _play_estate(self, more: Mapping[str, str]) -> dict[str, Any]:
        self.say(f"An estate of {things.ESTATE} repositories, most with old findings, is adopted without a red build.")
        things.write_estate(self.work / "estate")
        adopt = ("adopt", str(self.work / "estate"), "--next", "warn", "--from", "2031-01-15")
        self._show(*adopt, expected=0, more=more)
        again = self._ask(*adopt, "--format", "json", expected=0, more=more).document
        _expect(again["counts"], lambda counts: counts["unchanged"] == things.ESTATE, "nothing changed the second time")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            codes = list(pool.map(lambda name: self._gate_there(name, more), things.estate_names()))
        _expect(codes, lambda every: set(every) == {0}, "no red build in the estate")
        self.say(f"Each of the {len(codes)} was gated: {codes.count(0)} pass.")
        self._show("adopt", "status", expected=0, more=more)
        return again

    def _gate_there(self, name: str, more: Mapping[str, str]) -> int:
        return self._call(
            "gate", str(self.work / "estate" / name), "--service", name, "--format", "json", more=more
        ).code

    def _wait_for_advisories(self, more: Mapping[str, str]) -> None:
        """Wait until the server has synced: until then it could not tell, and what was there before does not block."""
        command = ("gate", ".", "--base", "main", "--service", "web", "--format", "json")
        things.git(self.top, "checkout", "-q", "-B", "server", "main")

        def is_known() -> bool:
            answer = self._call(*command, more=more)
            return answer.code == 0 and answer.document["existing_unknown"] == 0

        wait_for("the server to know its advisories", is_known)

    def _play_image(self) -> dict[str, Any]:
        program, script = shutil.which("docker-registry"), things_script()
        if program is None or script is None:
            self.say("No `docker-registry` here (Debian: apt-get install docker-registry): the image is left out.")
            return {}
        self.say("An image is pushed to a registry, and scanned from there; nothing of it is unpacked to disk.")
        started = subprocess.run([str(script), "start"], capture_output=True, text=True, check=True)
        url, folder = started.stdout.split()
        try:
            host = url.removeprefix("http://")
            things.push_image(host, "team/web", "1.0.0")
            scanned = ("scan", "--image", f"{host}/team/web:1.0.0", "--feed", str(self.feed))
            found = self._ask(*scanned, "--format", "json", expected=0)
            _expect(found.out, lambda text: things.ADVISORY in text, "the advisory in the image")
            self._show(*scanned, expected=0)
            return found.document
        finally:
            subprocess.run([str(script), "stop", folder], check=False)

    def _play_comparison(self) -> dict[str, Any]:
        self.say("Another scanner reports something else of the same tree; each difference is explained.")
        things.git(self.top, "checkout", "-q", "-B", "compared", "main")
        things.commit(self.top, "forms", {things.LOCK: things.lock_file(forms=True)})
        report = self.work / "grype.json"
        report.write_text(things.grype_report(), encoding="utf-8")
        compared = ("compare", str(report), ".", "--feed", str(self.feed), "--offline")
        found = self._ask(*compared, "--format", "json", expected=0)
        self._show(*compared, expected=0)
        return found.document

    def _gate(self, expected: int) -> dict[str, Any]:
        return self._ask(
            "gate", ".", "--base", "main", "--feed", str(self.feed), "--format", "json", expected=expected
        ).document

    def _ask(self, *arguments: str, expected: int, more: Mapping[str, str] | None = None) -> Answer:
        answer = self._call(*arguments, more=more)
        if answer.code != expected:
            said = (answer.err or answer.out).strip()[-2000:]
            raise DemoError(f"`holdfast {' '.join(arguments)}` ended with {answer.code}, expected {expected}: {said}")
        return answer

    def _show(self, *arguments: str, expected: int, more: Mapping[str, str] | None = None) -> None:
        """Run a command as a person would, and show what it answers."""
        feed = ("--feed", str(self.feed)) if arguments[0] in {"gate", "fix"} and not more else ()
        answer = self._ask(*arguments, *feed, expected=expected, more=more)
        lines = [line for line in answer.out.splitlines() if line.strip()]
        self.say(f"\n$ holdfast {' '.join(arguments)}")
        for line in shorten(lines):
            self.say(f"  {line}")
        self.say(f"  (exit {answer.code})\n")

    def _call(self, *arguments: str, more: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "holdfast", *arguments], cwd=self.top, env=self.environment | dict(more or {}),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def _server(self) -> Iterator[tuple[str, str]]:
        data, port = self.work / "server", free_port()
        options = ["--data", str(data), "--port", str(port), "--no-open", "--feed", str(self.feed)]
        command = [sys.executable, "-m", "holdfast", "up", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for("the server to be up", lambda: is_up(url, process))
            yield url, (data / "admin.token").read_text(encoding="ascii").strip()
        finally:
            process.terminate()
            process.wait(timeout=15)


def things_script() -> Path | None:
    """Return the script that starts a registry; it is in a checkout alone."""
    script = Path(__file__).parents[3] / "scripts" / "docker-registry.sh"
    return script if script.is_file() else None


def _expect(found: Any, holds: Callable[[Any], bool], what: str) -> Any:
    if not holds(found):
        raise DemoError(f"expected {what}, got {str(found)[:300]}")
    return found
