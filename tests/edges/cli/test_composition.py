"""What a terminal sends is what a server reads."""

import json

import msgspec

from holdfast.edges.api.composition import read_composition
from holdfast.edges.cli.composition import composition_to_json
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Unparsed


def test_a_composition_arrives_as_it_was_sent_licences_included() -> None:
    one = Occurrence(
        Component("npm", "left-pad", "1.0.0"),
        (Location("package-lock.json", 7),),
        direct=False,
        path=("top",),
        scope=Scope.DEVELOPMENT,
        licenses=("MIT OR ISC", "Own terms"),
    )
    other = Occurrence(Component("npm", "right-pad", "1.0.0"), (Location("package-lock.json", 9),))
    sent = Sbom((one, other), (("package-lock.json", "npm", 2),), (Unparsed("x.lock", 3, "not read"),))
    assert read_composition(msgspec.Raw(json.dumps(composition_to_json(sent)).encode())) == sent
