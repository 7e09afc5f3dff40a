"""What a module of this room declares."""

from collections.abc import Callable

from holdfast.model.component import ParsedFile
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

MAX_FILE_BYTES = 64 << 20

Parse = Callable[[str, bytes, Tree], ParsedFile]


@frozen
class LockfileSpec:
    """One format of dependency files.

    `patterns` are globs on the file's name, or on the end of its path where they hold a `/`; upper and lower case count
    the same. `parse(file, data, tree)` answers or raises `FactError`; `tree` is for files beside it. `sniff`, where
    given, looks at the content of a file whose name alone is not proof: `False` says that the file is something else,
    and the next format with a fitting pattern is asked. A file over `limit_bytes` is not read, and named.
    Where `is_told_by_content`, a file that a person names is tried by its content, whatever its name.
    """

    id: str
    patterns: tuple[str, ...]
    parse: Parse
    sniff: Callable[[str, bytes], bool] | None = None
    limit_bytes: int = MAX_FILE_BYTES
    is_told_by_content: bool = False
