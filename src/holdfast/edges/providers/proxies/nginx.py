"""nginx: blocks as files that its configuration includes, checked, loaded, and read back from the running server.

Rules:
1. A block is believed when the running nginx answers a request that it matches with the block's status and id, and
   says that it runs the very files that lie in the folder.
2. A file that the check refuses is taken back before anything is loaded; the error carries nginx' own message.
3. A crash between writing, checking and loading leaves files that do not run. The next call finds that the running
   server has others, and goes on from there.
4. Writers take turns by a lock in the folder, whichever process they are of.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from holdfast.edges.providers.processes import DATA_LIMIT_BYTES, run_program
from holdfast.edges.providers.proxies._nginx_files import (
    ASKED,
    BEGIN,
    check_size,
    generation_of,
    is_generation,
    read_blocks,
    render,
    write_files,
)
from holdfast.edges.providers.target_spec import (
    Option,
    TargetSpec,
    Tools,
    duration_option,
    list_option,
    required_text,
    text_option,
)
from holdfast.errors import ActionError, PlanError
from holdfast.model.target import Target
from holdfast.ports.http import Http
from holdfast.ports.proxy import Block, check_block

ASK_TIMEOUT_S = 2.0
_PAUSE_S = 0.02
_SETTLED = 3
"""How often in a row the new files must answer: for a moment old workers take connections as well."""


class Nginx:
    """One nginx on this machine."""

    def __init__(self, target: Target, http: Http) -> None:
        program = text_option(target, "program", "/usr/sbin/nginx") or ""
        config = text_option(target, "config", "/etc/nginx/nginx.conf") or ""
        self.name = target.name
        self.service = target.service
        self._http = http
        self._folder = Path(required_text(target, "folder"))
        self._url = required_text(target, "url").rstrip("/")
        self._is_own = not list_option(target, "check")
        self._check = list_option(target, "check") or (program, "-q", "-t", "-c", config)
        self._dump = (program, "-T", "-c", config)
        self._reload = list_option(target, "reload") or (program, "-s", "reload", "-c", config)
        self._timeout_s = duration_option(target, "timeout", 10.0)

    # Reading.

    def find_problem(self) -> str | None:
        """Say why it can't be used now; `None` when it can."""
        try:
            if not os.access(self._folder, os.W_OK | os.X_OK):
                return f"{self._folder} is not there, or this user can't write to it"
            self._try_check()
            if (self._folder / BEGIN).exists():
                self._running()
            else:
                return self._find_first_problem()
        except (ActionError, PlanError) as error:
            return error.message
        return None

    def _find_first_problem(self) -> str | None:
        """Look at a server that never had a block: whether it answers, and whether it would include the folder."""
        self._ask(ASKED, None)
        if not self._is_own:  # how the configuration is shown is the operator's own then
            return None
        ended = run_program(self._dump, timeout_s=self._timeout_s, limit_bytes=DATA_LIMIT_BYTES)
        if f"include {self._folder}/*.conf" not in " ".join(ended.output.split()).replace('"', ""):
            return f"its configuration does not include `{self._folder}/*.conf`"
        return None

    def blocks(self) -> Sequence[Block]:
        """Return the blocks that are in force: loaded, and turning away a request that they match."""
        if not (self._folder / BEGIN).exists():  # there never was one; what is behind nginx would answer in its place
            return []
        _, running = self._running()
        known = {block.id: block for block in read_blocks(self._folder)}
        # one whose file is gone and which still runs is a block that nobody may call lifted
        loaded = [known.get(block_id, Block(block_id, None, None, 0, "")) for block_id in running]
        return [block for block in loaded if block.id not in known or self._turns_away(block)]

    def _running(self) -> tuple[str, list[str]]:
        """Return which files the running server loaded, and the ids of its blocks."""
        status, _, body = self._ask(ASKED, None, self._token())
        words = body.split()
        if status == 404 or (status == 200 and not is_generation(words[:1])):  # or what is behind it answered
            raise ActionError(
                f"the running nginx does not include {self._folder}", hint=f"`include {self._folder}/*.conf;`"
            )
        if status != 200:
            raise ActionError(f"{self.name} answered {status} when asked for its blocks")
        return words[0], words[1:]

    def _turns_away(self, block: Block) -> bool:
        status, found, _ = self._ask(quote(block.path or "/", safe="/"), block.host)
        return status == block.status and block.id in found.split()

    def _ask(self, path: str, host: str | None, token: str = "") -> tuple[int, str, str]:
        """Return status, which blocks matched, and the start of the body."""
        headers = {"host": host or urlsplit(self._url).netloc, "connection": "close", "user-agent": "holdfast-probe"}
        if token:
            headers["x-holdfast-ask"] = token
        with self._http.open("GET", self._url + path, headers=headers, timeout_s=ASK_TIMEOUT_S) as answer:
            body = answer.body(1 << 20).decode("utf-8", "replace")
            return answer.status, answer.headers.get("x-holdfast-block", ""), body

    # Writing.

    def put(self, block: Block) -> None:
        """Turn requests away; checked before it is loaded, and taken back when the check fails."""
        check_block(block)
        check_size(block)
        with self._locked() as token:
            before = read_blocks(self._folder)
            after = [*(one for one in before if one.id != block.id), block]
            self._write(after, token)
            try:
                self._try_check()
            except ActionError:
                self._write([one for one in before if one.id != block.id], token)
                raise
            self._load(after, token)

    def remove(self, block_id: str) -> None:
        """Let requests through again; without such a block nothing happens."""
        with self._locked() as token:
            after = [one for one in read_blocks(self._folder) if one.id != block_id]
            if not (self._folder / BEGIN).exists():
                return
            self._write(after, token)
            self._try_check()
            self._load(after, token)

    def _write(self, blocks: Sequence[Block], token: str) -> None:
        write_files(self._folder, render(blocks, token))

    def _try_check(self) -> None:
        ended = run_program(self._check, timeout_s=self._timeout_s)
        if ended.status != 0:
            lines = [line for line in ended.output.splitlines() if "[emerg]" in line or "[alert]" in line]
            because = (lines[0] if lines else ended.last_line) or f"status {ended.status}"
            raise ActionError(f"nginx refuses its configuration: {because[:300]}")

    def _load(self, blocks: Sequence[Block], token: str) -> None:
        """Let the running server read the files, and wait until it has; nothing when it has them already."""
        wanted = generation_of(blocks, token)
        if self._has(wanted, 1):
            return
        ended = run_program(self._reload, timeout_s=self._timeout_s)
        if ended.status != 0:
            raise ActionError(f"nginx was not told to reload: {ended.last_line or f'status {ended.status}'}")
        if not self._has(wanted, _SETTLED, self._timeout_s):
            raise ActionError(
                "nginx was told to reload, and still runs other files",
                hint="its error log says why; is it the right one?",
            )

    def _has(self, wanted: str, times: int, timeout_s: float = 0.0) -> bool:
        """Whether the running server has the files of a generation, so many answers in a row."""
        end, seen = time.monotonic() + timeout_s, 0
        while True:
            try:
                seen = seen + 1 if self._running()[0] == wanted else 0
            except ActionError:  # it does not include the folder yet, or is about to take connections again
                seen = 0
            if seen >= times:
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_PAUSE_S)

    @contextmanager
    def _locked(self) -> Iterator[str]:
        """Take turns with other writers; gives the token."""
        try:
            number = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ActionError(f"{self._folder} can't be written: {error.strerror}") from None
        try:
            self._wait_for(number)
            yield self._token(make=True)
        finally:
            os.close(number)

    def _wait_for(self, number: int) -> None:
        end = time.monotonic() + self._timeout_s
        while True:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= end:
                    raise ActionError(f"another process has been writing to {self._folder} all the time") from None
                time.sleep(_PAUSE_S)
            else:
                return

    def _token(self, *, make: bool = False) -> str:
        """Return what opens the list of blocks; empty when there never was a block."""
        path = self._folder / ".token"
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            if not make:
                return ""
        except (OSError, UnicodeDecodeError) as error:
            raise ActionError(f"{path} can't be read: {error}") from None
        token = secrets.token_hex(16)
        beside = path.with_name(".token.new")
        beside.touch(mode=0o600)
        beside.write_text(token, "ascii")
        beside.replace(path)
        return token


def _check_options(target: Target) -> Sequence[str]:
    both = [bool(list_option(target, name)) for name in ("check", "reload")]
    out = [] if both[0] == both[1] else ["`check` and `reload` are given together, or neither"]
    return out + [
        f"the program of `{name}` is no absolute path"
        for name in ("check", "reload")
        if list_option(target, name) and not list_option(target, name)[0].startswith("/")
    ]


def _open(target: Target, tools: Tools) -> Nginx:
    return Nginx(target, tools.http)


SPEC = TargetSpec(
    id="nginx",
    section="proxies",
    about="nginx on this machine; its `server` includes a folder that Holdfast writes to.",
    options=(
        Option("folder", True, False, "The folder that a `server` includes by `include FOLDER/*.conf;`.", "path"),
        Option("url", True, False, "Where this nginx is asked whether a block is in force.", "url"),
        Option("config", False, False, "Its configuration; `/etc/nginx/nginx.conf` without.", "path"),
        Option("program", False, False, "The program; `/usr/sbin/nginx` without.", "path"),
        Option("check", False, False, "The command that checks the configuration, where `nginx -t` is not it.", "list"),
        Option("reload", False, False, "The command that lets it reload, where `nginx -s reload` is not it.", "list"),
        Option("timeout", False, False, "How long a check or a reload may take; `10s` without.", "duration"),
    ),
    open=_open,
    check=_check_options,
)
