"""What holds of every output."""

import json
import random
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.gate.outputs import OutputSpec
from holdfast.gate.sides import Gap
from holdfast.model.advisory import Severity
from holdfast.model.fix import Fix
from holdfast.registry import load_room
from tests.gate.outputs.samples import CONTEXT, HEAD, make

SPECS: tuple[OutputSpec, ...] = load_room("gate.outputs")
EMPTY = make((), (), gaps=())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_same_decision_gives_the_same_bytes_in_whatever_order_findings_come(spec: OutputSpec) -> None:
    shuffled = list(HEAD)
    random.Random(7).shuffle(shuffled)
    assert spec.render(make(tuple(shuffled)), CONTEXT) == spec.render(make(), CONTEXT)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_an_output_is_well_formed_whatever_the_names(spec: OutputSpec) -> None:
    for decision in (make(), EMPTY, make(base=None)):
        text = spec.render(decision, CONTEXT)
        assert "\x1b" not in text
        text.encode()  # no surrogate is left
        if spec.extension.endswith("json") or spec.extension == "sarif":
            json.loads(text)
        if spec.extension == "xml":
            ElementTree.fromstring(text)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_nothing_that_blocks_is_left_out(spec: OutputSpec) -> None:
    decision = make()
    text = spec.render(decision, CONTEXT)
    names = [one.finding.id for one in decision.blocking]
    assert len(names) >= 4
    assert [name for name in names if name not in text] == []


@settings(max_examples=60, deadline=None)
@given(title=st.text(), note=st.text(), place=st.text(), command=st.text(), vector=st.none() | st.text())
def test_no_text_from_outside_breaks_an_output(
    title: str, note: str, place: str, command: str, vector: str | None
) -> None:
    fix = Fix("2.0.0", "left-pad", command, None)
    hostile = replace(HEAD[0], title=title, fix=fix, severity=Severity(9.8, vector), tools=(note,))
    decision = replace(make((hostile,), gaps=(Gap(f"unread:{place}", note, place),)), notes=(note,))
    said = {spec.name: spec.render(decision, CONTEXT) for spec in SPECS}
    for spec in SPECS:
        said[spec.name].encode()
        if spec.extension.endswith("json") or spec.extension == "sarif":
            json.loads(said[spec.name])
    ElementTree.fromstring(said["junit"])
    assert all(line.startswith(("::error ", "::warning ")) for line in said["github"].split("\n")[:-1])
    assert {line[:2] for line in said["markdown"].splitlines()} <= {"##", "Sc", "| ", "|-", "> ", ""}
    assert "<" not in re.sub(r"</?code>", "", said["markdown"])


def test_an_output_reads_neither_clock_nor_hash_seed() -> None:
    program = (
        "from hashlib import sha256; from holdfast.registry import load_room\n"
        "from tests.gate.outputs.samples import CONTEXT, make\n"
        "print([sha256(spec.render(make(), CONTEXT).encode()).hexdigest() for spec in load_room('gate.outputs')])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] != ""
