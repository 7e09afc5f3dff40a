"""Edits for tests: a text before, and what an editor makes of it."""

from holdfast.remediations.edits import Manifest, Wanted, make_cuts, plan_cuts


def edited(editor: str, text: str, wanted: Wanted) -> str:
    """Return the text as an editor leaves it. Raises: FactError."""
    data = text.encode()
    cuts = plan_cuts(Manifest("", editor), data, wanted)
    assert all(len(one.before) < 100 for one in cuts)
    return make_cuts(data, cuts).decode()
