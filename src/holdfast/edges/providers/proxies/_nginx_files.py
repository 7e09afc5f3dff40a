"""Blocks as nginx configuration and back, in a folder that the operator's `server` includes.

```
00-begin.conf      what is asked for, and no block yet
block-<id>.conf    one block: if what is asked for matches, its id is noted
block-<id>.json    the same for us
zz-end.conf        what becomes of a request that a block matched; which blocks the running nginx has
```

Rules:
1. Nothing that a plan says stands in these files as it is: of a path every sign but letters and digits is written as
   `\\xHH`, of a page every sign but those and ` .,:!?-` as `&#NN;`, a host has letters, digits, dots and dashes
   alone, an id is checked. So no text can end a string, name a variable, or begin a directive; and none is longer than
   nginx reads (4,096 bytes).
2. What is matched is nginx' own normalized path: `/%61dmin`, `/x/../admin`, `//admin` and `/ADMIN` are `/admin`.
3. Files are replaced as a whole: nobody ever reads half of one.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from holdfast.errors import ActionError, PlanError
from holdfast.ports.proxy import Block

BEGIN, END = "00-begin.conf", "zz-end.conf"
ASKED = "/.holdfast/blocks"
MAX_PATTERN = 3500
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_HEAD = "# Written by Holdfast; every change of it by hand is lost.\n"


def check_size(block: Block) -> None:
    """Refuse what nginx would not read, once written. Raises: PlanError."""
    if len(pattern(block)) > MAX_PATTERN:
        raise PlanError("a host and a path that are too long together", hint="a shorter prefix")


def render(blocks: Sequence[Block], token: str) -> dict[str, str]:
    """Return every file of the folder, by name. `token` is what opens the list of blocks to who asks for it."""
    ordered = sorted(blocks, key=lambda block: block.id)
    files = {BEGIN: _begin(), END: _end(ordered, token)}
    for block in ordered:
        files |= {f"block-{block.id}.json": encode(block), f"block-{block.id}.conf": _block(block)}
    return files


def generation_of(blocks: Sequence[Block], token: str) -> str:
    """Return a digest of all that the files say."""
    known = json.dumps([token, sorted(encode(block) for block in blocks)])
    return hashlib.sha256(known.encode()).hexdigest()[:32]


def is_generation(words: Sequence[str]) -> bool:
    """Whether one word is such a digest."""
    return len(words) == 1 and re.fullmatch("[0-9a-f]{32}", words[0]) is not None


def _begin() -> str:
    names = "".join(f'set $holdfast_{name} "";\n' for name in ("known", "matched", "block"))
    return f'{_HEAD}set $holdfast_at "$host$uri";\n{names}'


def _block(block: Block) -> str:
    return (
        f'{_HEAD}set $holdfast_known "$holdfast_known {block.id}";\n'
        f'if ($holdfast_at ~* "{pattern(block)}") {{\n'
        f'    set $holdfast_block "{block.id}";\n'
        f'    set $holdfast_matched "$holdfast_matched {block.id}";\n'
        "}\n"
        f"location = {_location(block.id)} {{\n"
        "    internal;\n"
        "    default_type text/html;\n"
        "    charset utf-8;\n"
        '    add_header X-Holdfast-Block "$holdfast_matched" always;\n'
        '    add_header Cache-Control "no-store" always;\n'
        f'    return {block.status} "{_page(block)}";\n'
        "}\n"
    )


def _end(blocks: Sequence[Block], token: str) -> str:
    return (
        f"{_HEAD}"
        f"location = {ASKED} {{\n"
        "    default_type text/plain;\n"
        f'    if ($http_x_holdfast_ask != "{token}") {{ return 404; }}\n'
        f'    return 200 "{generation_of(blocks, token)}$holdfast_known";\n'
        "}\n"
        f'if ($uri = "{ASKED}") {{ set $holdfast_block ""; }}\n'
        'if ($holdfast_block) { rewrite ^ "/.holdfast/block/$holdfast_block" last; }\n'
    )


def _location(block_id: str) -> str:
    return f'"/.holdfast/block/{block_id}"'


def pattern(block: Block) -> str:
    """Return the expression that host and path of a request must match, without a sign that nginx would read."""
    host = "".join(_hex(byte) for byte in block.host.encode()) if block.host is not None else "[^/]*"
    path = "".join("/+" if byte == 0x2F else _hex(byte) for byte in (block.path or "/").encode())
    return f"^{host}{path}"


def _hex(byte: int) -> str:
    return chr(byte) if byte in _PLAIN else f"\\x{byte:02x}"


def _is_harmless(sign: str) -> bool:
    """Letters, digits, what ends or joins words, and what lies beyond ASCII: none means anything to nginx or to HTML.

    A sentence therefore stands in the page as the plan says it, and a probe that looks for it finds it.
    """
    return ord(sign) in _PLAIN or ord(sign) > 0x9F or sign in " .,:!?-"


def _page(block: Block) -> str:
    text = "".join(sign if _is_harmless(sign) else f"&#{ord(sign)};" for sign in block.message)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=width=device-width>"
        f"<title>Not available</title><p>{text}</p></html>"
    )


def encode(block: Block) -> str:
    """Return a block as JSON text."""
    return json.dumps([block.id, block.host, block.path, block.status, block.message], separators=(",", ":"))


def _decode(text: str, where: Path) -> Block:
    try:
        block_id, host, path, status, message = json.loads(text)
        return Block(str(block_id), host, path, int(status), str(message))
    except (ValueError, TypeError):
        raise ActionError("a block that Holdfast did not write", where=str(where), hint="remove the file") from None


def read_blocks(folder: Path) -> list[Block]:
    """Return the blocks whose files are in the folder, by id.

    Raises:
        ActionError: the folder or one of its files can't be read.
    """
    try:
        return [_decode(path.read_text("utf-8"), path) for path in sorted(folder.glob("block-*.json"))]
    except (OSError, UnicodeDecodeError) as error:
        raise ActionError(f"{folder} can't be read: {error}") from None


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Let the folder have these files of ours and no others, each replaced as a whole.

    Raises:
        ActionError: it can't be written.
    """
    try:
        for name, text in files.items():
            path = folder / name
            if not path.exists() or path.read_text("utf-8", "replace") != text:
                _replace(path, text)
        for path in folder.glob("block-*"):
            if path.name not in files:
                path.unlink(missing_ok=True)
        _sync(folder)
    except OSError as error:
        raise ActionError(f"{folder} can't be written: {error.strerror}", hint="it must belong to this user") from None


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
