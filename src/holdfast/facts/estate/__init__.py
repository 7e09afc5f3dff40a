"""What says which repositories and services there are, and whose. One module per kind of file with `SPEC`.

Rules every reader keeps:

1. It answers with what it read and names what it did not; one odd entry never stops the others.
2. Nothing is fetched, and a path in a file of a repository leads to places below its folder only.
3. What is read is bounded: size, entries, files that files name.
"""

from holdfast.facts.estate._owners import Owners, parse_owners
from holdfast.facts.estate._spec import MAX_ESTATE_BYTES, Estate, EstateSpec, Member, clean_name

__all__ = ["MAX_ESTATE_BYTES", "Estate", "EstateSpec", "Member", "Owners", "clean_name", "parse_owners"]
