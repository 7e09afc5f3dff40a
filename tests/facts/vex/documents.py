"""VEX documents in the shape of the specifications, and short ways to read them."""

import json
from copy import deepcopy
from typing import Any

from holdfast.facts.vexed import read_vex
from holdfast.model.vex import Statement, VexDocument

Json = dict[str, Any]
IMAGE = "pkg:oci/shop@sha256%3A" + "a" * 64
OPENVEX: Json = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://vex.example/docs/shop-7",
    "author": "Shop Security",
    "role": "Document Creator",
    "timestamp": "2026-05-01T10:00:00Z",
    "version": 3,
    "statements": [
        {
            "vulnerability": {
                "@id": "https://vex.example/CVE-2026-1",
                "name": "CVE-2026-1",
                "aliases": ["GHSA-aaaa-bbbb-cccc"],
            },
            "products": [
                {
                    "@id": "https://vex.example/products/shop",
                    "identifiers": {"purl": IMAGE},
                    "hashes": {"sha-256": "A" * 64},
                    "subcomponents": [{"@id": "pkg:npm/left-pad@1.0.0"}],
                }
            ],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "impact_statement": "padding is never asked for",
        },
        {
            "vulnerability": {"name": "CVE-2026-2"},
            "timestamp": "2026-05-02T10:00:00Z",
            "products": [{"@id": "pkg:npm/left-pad"}],
            "status": "affected",
            "action_statement": "raise it to 2",
        },
    ],
}
CYCLONEDX: Json = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 2,
    "metadata": {
        "timestamp": "2026-05-01T10:00:00Z",
        "authors": [{"name": "Shop Security"}],
        "component": {"bom-ref": "shop", "type": "application", "name": "shop", "version": "7", "purl": IMAGE},
    },
    "components": [
        {"bom-ref": "pad", "type": "library", "name": "left-pad", "version": "1.0.0", "purl": "pkg:npm/left-pad@1.0.0"}
    ],
    "vulnerabilities": [
        {
            "id": "CVE-2026-1",
            "references": [{"id": "GHSA-aaaa-bbbb-cccc", "source": {"name": "GitHub"}}],
            "analysis": {
                "state": "not_affected",
                "justification": "code_not_reachable",
                "response": ["will_not_fix"],
                "detail": "padding is never asked for",
                "lastUpdated": "2026-05-02T10:00:00Z",
            },
            "affects": [{"ref": "pad"}],
        }
    ],
}
CSAF: Json = {
    "document": {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "publisher": {"category": "vendor", "name": "Shop Security", "namespace": "https://vex.example"},
        "title": "Left-pad in shop",
        "tracking": {
            "current_release_date": "2026-05-01T10:00:00Z",
            "id": "SHOP-2026-1",
            "initial_release_date": "2026-05-01T10:00:00Z",
            "revision_history": [{"date": "2026-05-01T10:00:00Z", "number": "1", "summary": "first"}],
            "status": "final",
            "version": "1",
        },
    },
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "name": "Shop",
                "branches": [
                    {
                        "category": "product_version",
                        "name": "7",
                        "product": {
                            "name": "shop 7",
                            "product_id": "shop-7",
                            "product_identification_helper": {"purl": IMAGE, "cpe": "cpe:/a:shop:shop:7"},
                        },
                    },
                    {
                        "category": "product_version",
                        "name": "1.0.0",
                        "product": {
                            "name": "left-pad 1.0.0",
                            "product_id": "pad-1",
                            "product_identification_helper": {"purl": "pkg:npm/left-pad@1.0.0"},
                        },
                    },
                ],
            }
        ],
        "full_product_names": [
            {
                "name": "Old shop",
                "product_id": "old",
                "product_identification_helper": {"cpe": "cpe:/a:shop:shop:1"},
            }
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "full_product_name": {"name": "left-pad 1.0.0 in shop 7", "product_id": "shop-7:pad-1"},
                "product_reference": "pad-1",
                "relates_to_product_reference": "shop-7",
            }
        ],
        "product_groups": [{"group_id": "all", "product_ids": ["shop-7:pad-1", "old"]}],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2026-1",
            "ids": [{"system_name": "GitHub", "text": "GHSA-aaaa-bbbb-cccc"}],
            "flags": [{"label": "vulnerable_code_not_in_execute_path", "group_ids": ["all"]}],
            "product_status": {"known_not_affected": ["shop-7:pad-1"], "known_affected": ["old"]},
            "threats": [{"category": "impact", "details": "padding is never asked for"}],
            "remediations": [
                {"category": "no_fix_planned", "details": "it is out of support", "product_ids": ["old"]},
                {"category": "vendor_fix", "details": "take shop 8", "group_ids": ["all"]},
            ],
        }
    ],
}


def changed(document: Json, *changes: tuple[tuple[str | int, ...], object]) -> Json:
    """Return a copy with other values at paths; `...` takes the member away."""
    out = deepcopy(document)
    for path, value in changes:
        place: Any = out
        for name in path[:-1]:
            place = place[name]
        if value is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return out


def read(*documents: object) -> tuple[VexDocument, ...]:
    """Return what documents say, named `0.json`, `1.json` …."""
    return read_vex((f"{number}.json", json.dumps(one).encode()) for number, one in enumerate(documents))


def read_one(document: object) -> tuple[list[Statement], list[str]]:
    """Return one document's statements and notes."""
    (found,) = read(document)
    return list(found.statements), list(found.notes)


def red_hat(said: dict[str, list[str]], *, version: str = "2.0") -> Json:
    """Return a document in the shape that Red Hat publishes, of our own making: packages in platforms, by `PLATFORMS`.

    `said` lists products by status, each written as `platform:package URL`, or `platform:module:package URL` where
    `module` is the package URL of a module.
    """
    packages: dict[str, Json] = {}
    composed: dict[str, Json] = {}
    status: dict[str, list[str]] = {}
    for word, listed in said.items():
        for one in listed:
            platform, *purls = one.split(":pkg:")
            around = platform
            for purl in (f"pkg:{part}" for part in purls):
                packages[purl] = {
                    "product_id": purl,
                    "name": purl,
                    "product_identification_helper": helper(version, purl),
                }
                name = {"product_id": f"{around}:{purl}", "name": f"{purl} as a component of {around}"}
                composed[name["product_id"]] = related_by(version, name, purl, around)
                around = name["product_id"]
            status.setdefault(word, []).append(around)
    products = [
        {"product_id": name, "name": f"Red Hat {name}", "product_identification_helper": {"cpe": cpe}}
        for name, cpe in PLATFORMS.items()
    ]
    families = [{"category": "product_name", "name": one["name"], "product": one} for one in products]
    listed_packages = [{"category": "product_version", "name": "x", "product": one} for one in packages.values()]
    named = [one for listed in status.values() for one in listed]
    return {
        "document": CSAF["document"]
        | {
            "csaf_version": version,
            "publisher": {
                "category": "vendor",
                "name": "Red Hat Product Security",
                "namespace": "https://www.redhat.com",
            },
        },
        "product_tree": {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Red Hat",
                    "branches": [
                        {"category": "product_family", "name": "Red Hat Enterprise Linux", "branches": families},
                        {"category": "architecture", "name": "x86_64", "branches": listed_packages},
                    ],
                }
            ],
            {"2.0": "relationships", "2.1": "product_paths"}[version]: list(composed.values()),
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2026-1",
                "flags": [{"label": "vulnerable_code_not_present", "product_ids": named}],
                "product_status": status,
                "threats": [{"category": "impact", "details": "Moderate", "product_ids": named}],
            }
        ],
    }


def helper(version: str, purl: str) -> Json:
    """Return how a version of CSAF identifies a product by its package URL."""
    return {"purls": [purl]} if version == "2.1" else {"purl": purl}


def related_by(version: str, name: Json, part: str, product: str) -> Json:
    """Return how a version of CSAF says that a product lies in another."""
    if version == "2.1":
        return {
            "full_product_name": name,
            "beginning_product_reference": part,
            "subpaths": [{"category": "default_component_of", "next_product_reference": product}],
        }
    return {
        "category": "default_component_of",
        "full_product_name": name,
        "product_reference": part,
        "relates_to_product_reference": product,
    }


PLATFORMS = {
    "red_hat_enterprise_linux_9": "cpe:/o:redhat:enterprise_linux:9",
    "BaseOS-9.4.0.Z.MAIN": "cpe:/o:redhat:enterprise_linux:9::baseos",
    "AppStream-9.4.0.Z.MAIN": "cpe:/a:redhat:enterprise_linux:9::appstream",
    "AppStream-9.2.0.Z.EUS": "cpe:/a:redhat:rhel_eus:9.2::appstream",
    "red_hat_enterprise_linux_8": "cpe:/o:redhat:enterprise_linux:8",
    "9Base-RHOSE-4.16": "cpe:/a:redhat:openshift:4.16::el9",
}
