"""A proxy in memory, and the suite that every proxy passes."""

# ruff: noqa: S101 - a suite of tests
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from holdfast.errors import PlanError
from holdfast.ports.proxy import Block, Proxy, check_block

Visit = Callable[[str, str], int]
"""Given a host and a path, the status that a visitor gets."""


@dataclass
class MemoryProxy:
    """Keeps blocks in a mapping. `problem` is what stands against using it."""

    name: str = "memory"
    service: str | None = None
    held: dict[str, Block] = field(default_factory=dict)
    problem: str | None = None
    puts: int = 0

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def blocks(self) -> Sequence[Block]:
        """Return the blocks that are in force."""
        return [self.held[key] for key in sorted(self.held)]

    def put(self, block: Block) -> None:
        """Turn requests away."""
        check_block(block)
        self.puts += self.held.get(block.id) != block
        self.held[block.id] = block

    def remove(self, block_id: str) -> None:
        """Let them through again."""
        self.held.pop(block_id, None)

    def visit(self, host: str, path: str) -> int:
        """Return the status that a visitor gets."""
        for block in self.blocks():
            if block.host in {None, host} and path.lower().startswith((block.path or "/").lower()):
                return block.status
        return 200


class ProxySuite:
    """What holds of every proxy; subclass it where fixtures `proxy` and `visit` give a fresh one and a way to it."""

    def test_it_has_no_block_at_first(self, proxy: Proxy, visit: Visit) -> None:
        assert proxy.find_problem() is None
        proxy.remove("never")
        assert visit("shop.example", "/") == 200

    def test_a_blocked_prefix_is_turned_away_and_the_rest_is_not(self, proxy: Proxy, visit: Visit) -> None:
        block = Block("b1", None, "/admin", 503, "Closed for now")
        proxy.put(block)
        assert list(proxy.blocks()) == [block]
        assert [visit("shop.example", path) for path in ("/admin", "/admin/x", "/ADMIN", "/", "/x/admin")] == [
            503,
            503,
            503,
            200,
            200,
        ]

    def test_a_blocked_host_is_turned_away_and_others_are_not(self, proxy: Proxy, visit: Visit) -> None:
        proxy.put(Block("b1", "old.example", None, 410, "Gone"))
        assert [visit(host, "/x") for host in ("old.example", "shop.example", "not-old.example")] == [410, 200, 200]

    def test_putting_twice_is_once(self, proxy: Proxy, visit: Visit) -> None:
        block = Block("b1", None, None, 503, "Back soon")
        proxy.put(block)
        proxy.put(block)
        assert list(proxy.blocks()) == [block]
        proxy.remove("b1")
        assert visit("shop.example", "/") == 200
        assert list(proxy.blocks()) == []

    def test_blocks_stack_and_come_off_in_any_order(self, proxy: Proxy, visit: Visit) -> None:
        wide, narrow = Block("b1", None, None, 503, "All"), Block("b2", None, "/admin", 503, "Admin")
        proxy.put(wide)
        proxy.put(narrow)
        assert {block.id for block in proxy.blocks()} == {"b1", "b2"}
        proxy.remove("b1")
        assert list(proxy.blocks()) == [narrow]
        assert (visit("shop.example", "/"), visit("shop.example", "/admin")) == (200, 503)
        proxy.remove("b2")
        assert visit("shop.example", "/admin") == 200

    @pytest.mark.parametrize(
        "block",
        [
            Block("b1", None, "admin", 503, ""),
            Block("b1", "a b", None, 503, ""),
            Block("b1", None, None, 200, ""),
            Block("b1", "x;}", None, 503, ""),
        ],
    )
    def test_what_is_no_block_is_refused(self, proxy: Proxy, visit: Visit, block: Block) -> None:
        with pytest.raises(PlanError):
            proxy.put(block)
        assert visit("shop.example", "/") == 200
