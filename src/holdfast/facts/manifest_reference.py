"""Writes the reference of `holdfast.yaml` from its schema, so that the two cannot differ.

`python -m holdfast.facts.manifest_reference > docs/reference/holdfast.yaml.md`
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.facts.manifest_schema import load_schema

Fragment = Mapping[str, Any]

_HEAD = """\
# holdfast.yaml

What a repository ships, and what is done when part of it turns out to be unsafe. The file stands in the repository's
root; the JSON Schema is [manifest.schema.json](manifest.schema.json), and `when` is written in [CEL](cel.md).

Every mistake is reported with file, line and column, all of them together. The file is UTF-8 and YAML 1.2 of one
document, up to 128 KiB: only `true` and `false` are booleans, so `off` is a text. Anchors, aliases and tags are
refused, because a manifest is data that is read by people in a review. A key that stands twice is an error.

```yaml
version: 1
services:
  - name: shop
    team: storefront
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - name: receipts
        flag: shop.receipts
        safe: off
        covers: ["pkg:pypi/acme-pdf", "src/receipts/**"]
    plans:
      - id: receipts-off
        when: finding.severity >= 7.0 && component.name == "acme-pdf"
        do: [{action: flag.off, flag: shop.receipts}]
        coverage: full
        verify:
          - http:
              url: "http://127.0.0.1:8000/receipt"
              expect: {status: 200, json: {"/renderer": plain}}
              interval: 200ms
              deadline: 60s
        autonomy: {default: observe, staging: auto, production: approve-1}
    drills: [{plan: receipts-off, every: 7d, level: L1}]
```

What the schema cannot say: services have names and folders of their own (of nested folders the innermost decides to
which service a file belongs); plans and features have names of their own within a service, steps within a plan; a drill
names a plan of its service; no path leads out of the repository; steps don't wait for each other in a circle, nor do
plans name each other as next rungs in one; a plan doesn't expire before its probes are through. How to write a plan:
[plans](../guides/plans.md).

A service that is declared through the API has the shape of one entry of `services`, in JSON; its mistakes are named by
JSON pointers. What a plan promises is checked when a release is registered: an unknown flag, a safe variant that
changes nothing, a missing probe or coverage is an error there.
"""


def render_reference(schema: Fragment) -> str:
    """Return the reference as Markdown: the introduction, then a table for every mapping of the schema."""
    parts = [_HEAD]
    for title, fragment in _mappings(schema):
        parts.append(f"\n## {title}\n\n| key | value | meaning |\n|---|---|---|\n")
        required = fragment.get("required", ())
        for key, value in fragment["properties"].items():
            name = f"`{key}`" + (" (required)" if key in required else "")
            parts.append(f"| {name} | {_cell(_kind(schema, value))} | {_cell(_described(schema, value))} |\n")
        rest = fragment.get("additionalProperties")
        if isinstance(rest, Mapping):
            parts.append(f"| any other | {_cell(_kind(schema, rest))} | {_cell(_described(schema, rest))} |\n")
    return "".join(parts)


def _mappings(schema: Fragment) -> Iterator[tuple[str, Fragment]]:
    yield "The file", schema
    definitions = schema["$defs"]
    for name in ("service", "feature", "plan", "step"):
        yield f"A {name}", definitions[name]
    kinds = definitions["probe"]["properties"]
    for kind, fragment in kinds.items():
        yield f"A probe: `{kind}`", fragment
        if kind == "http":
            yield "What an `http` probe expects", fragment["properties"]["expect"]
    yield "A drill", definitions["drill"]


def _resolved(schema: Fragment, value: Fragment) -> Fragment:
    reference = value.get("$ref")
    return {**schema["$defs"][reference.rpartition("/")[2]], **value} if isinstance(reference, str) else value


def _kind(schema: Fragment, value: Fragment) -> str:
    found = _resolved(schema, value)
    text = _shape(schema, found)
    return f"{text}; default `{found['default']}`" if "default" in found else text


def _shape(schema: Fragment, found: Fragment) -> str:
    if "const" in found:
        return f"`{found['const']}`"
    if "enum" in found:
        return ", ".join(f"`{one}`" for one in found["enum"])
    if found.get("type") == "array":
        reference = found["items"].get("$ref", "")
        return f"a list of {reference.rpartition('/')[2]}s" if reference else f"a list: {found['items']['title']}"
    rest = found.get("additionalProperties")
    if found.get("type") == "object":
        return f"a mapping to {_shape(schema, rest)}" if isinstance(rest, Mapping) else "a mapping"
    title = found.get("title")
    return title if isinstance(title, str) else "a text"


def _described(schema: Fragment, value: Fragment) -> str:
    described = _resolved(schema, value).get("description", "")
    return described if isinstance(described, str) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render_reference(load_schema()))
