"""Where the shared real data is, if it is there at all.

The folder lies beside the repository; `HOLDFAST_SHARED_DATA` names another place. The project stands without it:
small fixtures of our own cover the same paths.
"""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("HOLDFAST_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_shared = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"no shared data folder at {SHARED_DATA}")
