"""Identity: stable over versions and names, different for everything else."""

from dataclasses import replace

from holdfast.findings.identity import aliased_fingerprints, fingerprint
from tests.findings.made import SHOP


def test_fingerprint_names_its_own_version_and_is_stable() -> None:
    """The value is stored for years: it may change only together with the version in front."""
    key = fingerprint(SHOP, "prod", "PyPI", "jinja2", "clu_1")
    assert key == "1:129a16cb89e1d4b630ff349f0ce7739f750bf42be5b424988fad2ffb459786a4"
    assert len(key) == 2 + 64


def test_fingerprint_ignores_the_subjects_name() -> None:
    renamed = replace(SHOP, name="store")
    assert fingerprint(renamed, "prod", "PyPI", "jinja2", "c") == fingerprint(SHOP, "prod", "PyPI", "jinja2", "c")


def test_fingerprint_differs_by_every_part() -> None:
    parts = [
        (SHOP, "prod", "PyPI", "jinja2", "c"),
        (replace(SHOP, id="svc_2"), "prod", "PyPI", "jinja2", "c"),
        (replace(SHOP, kind="host"), "prod", "PyPI", "jinja2", "c"),
        (SHOP, "test", "PyPI", "jinja2", "c"),
        (SHOP, "prod", "npm", "jinja2", "c"),
        (SHOP, "prod", "PyPI", "jinja", "c"),
        (SHOP, "prod", "PyPI", "jinja2", "d"),
    ]
    assert len({fingerprint(*part) for part in parts}) == len(parts)


def test_fingerprint_parts_cannot_run_into_each_other() -> None:
    assert fingerprint(SHOP, "a", "b", 'c","d', "e") != fingerprint(SHOP, "a", "b", "c", 'd","e')


def test_fingerprint_takes_a_lone_surrogate() -> None:
    assert fingerprint(SHOP, "prod", "PyPI", "\ud800", "c").startswith("1:")


def test_aliases_lead_from_every_merged_cluster_to_the_survivor() -> None:
    aliases = aliased_fingerprints(SHOP, "prod", "PyPI", "jinja2", ["a", "b", "c"], survivor="b")
    target = fingerprint(SHOP, "prod", "PyPI", "jinja2", "b")
    assert set(aliases) == {fingerprint(SHOP, "prod", "PyPI", "jinja2", one) for one in "ac"}
    assert set(aliases.values()) == {target}
