"""What `service.off` and `edge.block` share: a block at a proxy, one per step, that comes off alone.

The block's id derives from the step's key, so that doing it twice is doing it once, and blocks of several runs stack:
what one turns away comes back when the last of them is removed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from holdfast.errors import PlanError
from holdfast.mitigations.action import Argument, Call, Change, ReadBack
from holdfast.model.plan import Feature, Step
from holdfast.ports.proxy import Block, Proxy, check_block

STATUS = "503"
ARGUMENTS = (
    Argument("host", False, "Requests for this host alone."),
    Argument("proxy", False, "The proxy's name in the operator's file, where several stand before the service."),
    Argument("status", False, "The status that visitors get, 400 to 599; 503 without."),
    Argument("message", False, "The text of the page that they get."),
)


def block_id(key: str) -> str:
    """Return the id of the block that the step with this idempotency key puts."""
    return f"blk_{hashlib.sha256(key.encode()).hexdigest()[:26]}"


def write_out(step: Step, _: Sequence[Feature]) -> Step:
    """Return the step with what it leaves out."""
    arguments = {"status": STATUS, "message": "This is not available at the moment."} | dict(step.arguments)
    return replace(step, arguments=tuple(sorted(arguments.items())))


def proxy_of(call: Call) -> Proxy:
    """Return the proxy that stands before the service."""
    return call.world.targets.proxy(call.environment, call.service, call.step.argument("proxy"))


def block_of(call: Call) -> Block:
    """Return the block of a call.

    Raises:
        PlanError: a status that is no number, a host or a path that is none, or a block of all that is behind a proxy
            before which other services may stand.
    """
    status = call.step.argument("status") or STATUS
    if not (status.isascii() and status.isdecimal()):
        raise PlanError(f"`status` is no number: `{status[:40]}`", hint=STATUS)
    host = call.step.argument("host")
    block = Block(
        id=block_id(call.key),
        host=host.lower() if host else None,
        path=call.step.argument("path") or None,
        status=int(status),
        message=call.step.argument("message") or "",
    )
    check_block(block)
    proxy = proxy_of(call)
    if block.host is None and block.path is None and proxy.service != call.service:
        raise PlanError(
            f"other services may stand behind `{proxy.name}`, and all of them would be off",
            hint="name the `host` of this one, or let the operator's entry name its `service`",
        )
    return block


def target_of(call: Call) -> str:
    """Name the proxy: one run at a time changes it."""
    return f"proxy:{proxy_of(call).name}"


def words_of(block: Block) -> str:
    """Return what a block turns away, in words."""
    if block.path is None:
        return f"all of {block.host}" if block.host else "everything"
    return f"{block.host or ''}{block.path}"


def plan(call: Call) -> Sequence[Change]:
    """Say what would be turned away."""
    block, proxy = block_of(call), proxy_of(call)
    others = [one for one in proxy.blocks() if one.id != block.id and one.path == block.path and one.host == block.host]
    before = f"turned away by {len(others)} other block(s)" if others else "let through"
    return (Change(f"{words_of(block)} at {proxy.name}", before, f"turned away with status {block.status}"),)


def apply(call: Call) -> str:
    """Put the block."""
    block, proxy = block_of(call), proxy_of(call)
    proxy.put(block)
    return f"block {block.id} turns {words_of(block)} away at {proxy.name}"


def read_back(call: Call) -> ReadBack:
    """Ask the running proxy."""
    block, proxy = block_of(call), proxy_of(call)
    if block in proxy.blocks():
        return ReadBack(True, f"{proxy.name} turns {words_of(block)} away with status {block.status}")
    return ReadBack(False, f"{proxy.name} does not turn {words_of(block)} away by {block.id}")


def undo(call: Call) -> str:
    """Remove the block, and no other."""
    proxy_of(call).remove(block_id(call.key))
    return f"block {block_id(call.key)} is removed"


def read_undone(call: Call) -> ReadBack:
    """Ask the running proxy whether the block is gone."""
    proxy, mine = proxy_of(call), block_id(call.key)
    held = {one.id for one in proxy.blocks()}
    if mine in held:
        return ReadBack(False, f"{proxy.name} still has block {mine}")
    return ReadBack(True, f"{proxy.name} has no block {mine}; {len(held)} other(s)")


def find_problem(call: Call) -> str | None:
    """Say why the proxy can't be used now."""
    return proxy_of(call).find_problem()
