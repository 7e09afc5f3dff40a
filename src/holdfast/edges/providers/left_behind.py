"""Cuts what programs go on writing that were left behind, for as long as their group lives.

Rules:
1. Nobody reads it, so nothing of it is kept: a file that has grown beyond its limit begins anew.
2. Whoever left the group, or outlives this process, is not seen; that is the operator's to redirect.
"""

import os
import threading
import time
from collections.abc import Sequence

from holdfast.model.frozen import frozen

PACE_S = 0.25


@frozen
class _File:
    """A file that a group writes to, by a descriptor of our own."""

    group: int
    descriptor: int
    limit_bytes: int


class LeftBehind:
    """Knows the files of groups that live on. One thread cuts them all, while there are any. Safe between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._files: list[_File] = []
        self._is_cutting = False

    @property
    def is_cutting(self) -> bool:
        """Whether there are any."""
        with self._guard:
            return self._is_cutting

    def take(self, group: int, descriptors: Sequence[int], limit_bytes: int) -> None:
        """Cut these files from now on, where anything of the group still runs. They must be open for appending."""
        if not _lives(group):
            return
        with self._guard:
            self._files += [_File(group, os.dup(one), limit_bytes) for one in descriptors]
            if self._is_cutting:
                return
            self._is_cutting = True
        threading.Thread(target=self._go_on, name="holdfast-left-behind", daemon=True).start()

    def _go_on(self) -> None:
        while self._cut_all():
            time.sleep(PACE_S)

    def _cut_all(self) -> bool:
        """Cut what has grown, and let go of what nobody writes to; says whether anything is left."""
        with self._guard:
            self._files = [one for one in self._files if _cut(one)]
            self._is_cutting = bool(self._files)
            return self._is_cutting


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs as another user by now
        return True
    return True


def _cut(one: _File) -> bool:
    if not _lives(one.group):
        os.close(one.descriptor)
        return False
    if os.fstat(one.descriptor).st_size > one.limit_bytes:
        os.ftruncate(one.descriptor, 0)
    return True
