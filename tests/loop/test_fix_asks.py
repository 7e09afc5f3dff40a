"""A scan's fixes say whose range is in the way, and a lock file is read once for all of them."""

from holdfast.facts.composition import read_composition
from holdfast.loop.fix_asks import file_reader_of, tell_asks
from holdfast.loop.scan import scan
from holdfast.testing.clocks import START
from holdfast.testing.trees import MemoryTree
from tests.edges.providers.bucket import record
from tests.loop.test_scan import Known

GEMS = """GEM
  remote: https://registry.example/
  specs:
    house (1.2.0)
      desk (~> 1.0.0)
      lamp (>= 1.0)
    desk (1.0.0)
    lamp (1.0.0)

PLATFORMS
  ruby

DEPENDENCIES
  house
"""


class CountingTree(MemoryTree):
    """Counts what is read."""

    reads = 0

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content."""
        self.reads += 1
        return super().read(path, limit_bytes)


def test_ranges_are_told_and_the_lock_file_is_read_once() -> None:
    tree = CountingTree({"Gemfile.lock": GEMS})
    known = Known(record("L-1", "RubyGems", fixed="1.5.0"), record("L-2", "RubyGems", "desk", fixed="1.5.0"))
    known.ecosystems = {"RubyGems"}
    report = scan(read_composition(tree), known, START)
    tree.reads = 0
    fixes = {one.occurrence.component.name: one.fix for one in tell_asks(report, tree).findings}
    assert tree.reads == 1
    lamp, desk = fixes["lamp"], fixes["desk"]
    assert lamp is not None
    assert lamp.note == "`house 1.2.0` asks for `>= 1.0`: 1.5.0 is allowed, and raised in place"
    assert desk is not None
    assert desk.command is None
    assert "`house 1.2.0` asks for `~> 1.0.0`, which forbids 1.5.0" in desk.note


def test_a_file_that_can_not_be_read_gives_nothing() -> None:
    assert file_reader_of(MemoryTree({}))("gone") is None
