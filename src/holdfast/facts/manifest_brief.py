"""The part of a `holdfast.yaml` that says what is built: names, teams, tiers, exposure, folders.

A gate reads no more of it: plans and features are checked when a release is registered. The published schema is not
asked, which costs a build a tenth of a second; what is read here is checked here.
"""

from holdfast.errors import ManifestError
from holdfast.facts.manifest_rules import find_division_problems
from holdfast.facts.manifest_yaml import Entries, Scalar, Tree, find, items_of, parse_yaml, text_of, written
from holdfast.model.plan import Manifest, ServiceManifest

_EXPOSURES = ("internet", "internal", "development")


def read_brief(data: bytes, *, file: str) -> Manifest:
    """Return the services of a manifest without features, plans and drills.

    Raises:
        ManifestError: its text is no YAML, a tier or an exposure is none, or whose a file is can't be told by it; with
            file, line and column.
    """
    root, problems = parse_yaml(data, file=file)
    if root is not None and not problems:
        problems = list(find_division_problems(root))
    if problems or root is None:
        because = problems[0].message if problems else "an empty manifest"
        raise ManifestError(because, where=problems[0].where if problems else f"{file}:1:1")
    return Manifest(file, tuple(_service(one) for one in items_of(find(root, "services"))))


def _service(tree: Tree) -> ServiceManifest:
    tier, exposure = find(tree, "tier"), written(tree, "exposure", "unknown")
    number = tier.value if isinstance(tier, Scalar) else None
    if tier is not None and (not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 9):
        raise ManifestError("expected a number from 1 (the most important) to 9", where=tier.place)
    if exposure not in {*_EXPOSURES, "unknown"} or (exposure == "unknown" and find(tree, "exposure") is not None):
        raise ManifestError(f"expected {', '.join(_EXPOSURES)}, got `{exposure[:40]}`", where=tree.place)
    return ServiceManifest(
        name=written(tree, "name"),
        paths=tuple(text_of(path) or "" for path in items_of(find(tree, "paths"))) or (".",),
        team=text_of(find(tree, "team")),
        tier=number if isinstance(number, int) else None,
        reach=exposure,
        features=(),
        plans=(),
        drills=(),
        line=tree.line if isinstance(tree, Entries) else 1,
    )
