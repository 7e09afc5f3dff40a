"""Identity of a finding in an environment.

Rules:
- The version of the component is no part of it: 1.0 → 1.1, both affected, is the same finding.
- A fingerprint begins with the version of the way it is made (`1:`), so that a better way can be told from this one.
- When alias clusters merge, the old fingerprints become aliases of the surviving one; nothing is closed and reopened.
"""

import hashlib
import json
from collections.abc import Iterable

from holdfast.model.exposure import Subject

FINGERPRINT_VERSION = 1


def fingerprint(subject: Subject, environment: str, ecosystem: str, name: str, cluster: str) -> str:
    """Return `1:` and the sha256, in hex, of who, where, what and which alias cluster.

    Only the subject's kind and id count: renaming a service does not make a new finding.
    """
    parts = [subject.kind, subject.id, environment, ecosystem, name, cluster]
    canonical = json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return f"{FINGERPRINT_VERSION}:{hashlib.sha256(canonical).hexdigest()}"


def aliased_fingerprints(
    subject: Subject, environment: str, ecosystem: str, name: str, clusters: Iterable[str], *, survivor: str
) -> dict[str, str]:
    """Return old fingerprint → surviving fingerprint for the clusters that merged into `survivor`.

    The survivor itself may be among `clusters`; it is no alias of itself and is left out.
    """
    target = fingerprint(subject, environment, ecosystem, name, survivor)
    return {
        fingerprint(subject, environment, ecosystem, name, cluster): target
        for cluster in sorted(set(clusters))
        if cluster != survivor
    }
