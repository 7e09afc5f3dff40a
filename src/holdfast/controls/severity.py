"""Severity from CVSS vectors.

Rules:

* only a vector is a score; a word of some database (`HIGH`, `medium`) is none;
* among several the highest version of CVSS that can be read counts: 4.0, 3.1, 3.0, 2.0;
* the base score alone: temporal and environmental metrics speak of somebody else's time and place.

Source: https://www.first.org/cvss/
"""

from functools import lru_cache

from holdfast.model.advisory import Severity

_MAX_VECTOR = 512


def _rank(vector: str) -> int:
    """Return how much a vector is preferred; 0 for what does not look like one."""
    if len(vector) > _MAX_VECTOR:
        return 0
    if vector.startswith("CVSS:"):
        return {"CVSS:4.0/": 4, "CVSS:3.1/": 3, "CVSS:3.0/": 2}.get(vector[:9], 0)
    return 1 if vector.startswith("AV:") else 0


@lru_cache(maxsize=4096)
def score_vector(vector: str) -> float | None:
    """Return the base score of a CVSS vector, 0.0 to 10.0; `None` where it cannot be read."""
    rank = _rank(vector)
    if rank == 0:
        return None
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError

    scorer = CVSS4 if rank == 4 else CVSS2 if rank == 1 else CVSS3
    try:
        return float(scorer(vector.rstrip("/")).base_score)
    except CVSSError:
        return None


def best_severity(vectors: list[str]) -> Severity | None:
    """Return the severity by the highest CVSS version that can be read.

    `None` when nothing looks like a vector; a vector that cannot be read is kept without a score, for want of a better.
    """
    known = sorted((vector for vector in vectors if _rank(vector)), key=_rank, reverse=True)
    for vector in known:
        score = score_vector(vector)
        if score is not None:
            return Severity(score, vector)
    return Severity(None, known[0]) if known else None
