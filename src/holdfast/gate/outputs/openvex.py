"""OpenVEX 0.2.0: what is affected, what is not and why, what to do, and what the change fixed.

Rules:

1. The product is the component itself, by its purl; the service stands in the document's `@id` alone.
2. The document's `@id` hangs on what it says; its timestamp is that of the decision.
3. `fixed` is what the base had and the build has no more, of a package that is still there.
4. No statement stands there twice. The published JSON schema asks for at least one; a build of which there is nothing
   to say has none: that is no reason to invent one.
5. A gate knows no author: `author` is the tool, whoever publishes the document may put a name there.

Source: OpenVEX specification 0.2.0.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from holdfast import __version__
from holdfast.gate.decide import Decision
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._vex import fixed_by, spoken_of, statement_of
from holdfast.gate.outputs._words import clean, digest
from holdfast.model.finding import Finding
from holdfast.model.instant import format_instant

CONTEXT = "https://openvex.dev/ns/v0.2.0"
Json = dict[str, Any]


def render(decision: Decision, context: OutputContext) -> str:
    """Return the document; without findings it has no statements."""
    every = (*_said(decision), *_fixed(decision, context))
    statements = list({msgspec.json.encode(one): one for one in every}.values())
    said = msgspec.json.encode([context.service, statements]).decode()
    document = {
        "@context": CONTEXT,
        "@id": f"https://openvex.dev/docs/holdfast/vex-{digest(said, format_instant(context.now))}",
        "author": "Holdfast",
        "role": "tool",
        "timestamp": format_instant(context.now),
        "version": 1,
        "tooling": f"holdfast {__version__}",
        "statements": statements,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _said(decision: Decision) -> Iterator[Json]:
    for one in spoken_of(decision):
        said = statement_of(one)
        words = {
            "justification": said.justification,
            "impact_statement": said.impact,
            "action_statement": said.action,
            "status_notes": said.notes,
        }
        product = one.finding.component.purl if one.finding.component else ""
        yield {
            "vulnerability": _vulnerability(one.finding),
            "products": [_product(product)],
            "status": said.status,
            **{name: text for name, text in words.items() if text},
        }


def _fixed(decision: Decision, context: OutputContext) -> Iterator[Json]:
    now: dict[tuple[str, str], list[str]] = {}
    for one in context.sbom.occurrences:
        now.setdefault((one.component.ecosystem, one.component.name), []).append(one.component.purl)
    for finding in fixed_by(decision):
        component = finding.component
        purls = now.get((component.ecosystem, component.name), []) if component else []
        if purls:
            products = [_product(purl) for purl in sorted(set(purls))]
            yield {"vulnerability": _vulnerability(finding), "products": products, "status": "fixed"}


def _vulnerability(finding: Finding) -> Json:
    aliases = sorted({clean(name, 200) for name in finding.ids if name != finding.id})
    return {"name": clean(finding.id, 200)} | ({"aliases": aliases} if aliases else {})


def _product(purl: str) -> Json:
    return {"@id": purl, "identifiers": {"purl": purl}}


SPEC = OutputSpec("openvex", "openvex.json", "OpenVEX 0.2.0, from waivers and verdicts", render)
