"""Allowed commands: what a plan says gets nowhere but into its place, and how a run ended is known."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.commands.process import SPEC, ProcessCommand
from holdfast.errors import ActionError, PlanError, UnsentError
from tests.edges.providers.entries import entry, tools

SHOW = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "{host}", "--to={pool}"]


def command(**options: object) -> ProcessCommand:
    given = {"apply": SHOW, "arguments": {"host": "[a-z0-9.-]+", "pool": ".*"}} | options
    return ProcessCommand(entry("commands", "process", "drain", given), tools())


def test_arguments_stand_in_their_places() -> None:
    reply = command().run({"host": "a.b", "pool": "$(id) ; x {host}"}, "run_1/1")
    assert (reply.status, reply.output) == (0, "['a.b', '--to=$(id) ; x {host}']")


@given(value=st.text(max_size=40))
@settings(max_examples=40, deadline=None)
def test_whatever_is_allowed_is_one_argument(value: str) -> None:
    allowed = command(arguments={"host": "(?s).*", "pool": "x"}, apply=[sys.executable, "-c", _TELL, "{host}"])
    if allowed.refuse({"host": value, "pool": "x"}) is None:
        encoded = value.encode("utf-8", "surrogateescape").hex()
        assert allowed.run({"host": value, "pool": "x"}, "k").output.split() == f"1 {encoded}".split()
    else:
        assert "\x00" in value or value.startswith("-")


_TELL = "import sys; a = sys.argv[1:]; print(len(a), a[0].encode('utf-8', 'surrogateescape').hex())"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"host": "a", "pool": "b", "x": "c"}, "takes no argument `x`, but `host`, `pool`"),
        ({"host": "a"}, "needs `pool`"),
        ({"host": "a b", "pool": "b"}, "`host` is not what the operator allows: `a b`"),
        ({"host": "a\n", "pool": "b"}, "is not what the operator allows"),
        ({"host": "a", "pool": "--force"}, "looks like an option"),
        ({"host": "a" * 300, "pool": "b"}, "too long"),
        ({"host": "a", "pool": "b\x00"}, "has a sign that no argument may have"),
    ],
)
def test_arguments_that_are_not_allowed_run_nothing(arguments: dict[str, str], said: str) -> None:
    assert said in (command().refuse(arguments) or "")
    with pytest.raises(PlanError):
        command(apply=["/bin/false"]).run(arguments, "k")


def test_how_a_run_ended_is_known_by_key() -> None:
    plain = {"arguments": {}, "apply": ["/bin/true"], "undo": ["/bin/false"]}
    one = command(**plain)
    assert one.ended("k") is None
    one.run({}, "k")
    one.run({}, "k", verb="undo")
    assert [(reply.status if reply else None) for reply in (one.ended("k"), one.ended("k/undo"))] == [0, 1]


def test_run_that_did_not_end_is_not_known() -> None:
    slow = command(arguments={}, apply=["/bin/sh", "-c", "while :; do :; done"], timeout="200ms")
    with pytest.raises(ActionError, match="did not end"):
        slow.run({}, "k")
    assert slow.ended("k") is None


def test_program_that_is_gone_is_a_problem() -> None:
    gone = command(arguments={}, apply=["/nonexistent/drain"])
    assert "is not there, or can't be run" in (gone.find_problem() or "")
    with pytest.raises(UnsentError):
        gone.run({}, "k")
    found = gone.ended("k")
    assert found is not None
    assert found.status == 127
    assert command().find_problem() is None
    assert "its folder is not there" in (command(folder="/nonexistent").find_problem() or "")


def test_verb_without_a_command_is_refused() -> None:
    assert not command().can("undo")
    assert not command().can("explode")
    with pytest.raises(ActionError, match="no command for `undo`"):
        command().run({"host": "a", "pool": "b"}, "k", verb="undo")


def test_key_and_verb_are_told_to_the_program() -> None:
    show = command(
        arguments={}, apply=["/usr/bin/printenv", "HOLDFAST_KEY"], probe=["/usr/bin/printenv", "HOLDFAST_VERB"]
    )
    assert show.run({}, "run_1/1").output == "run_1/1"
    assert show.run({}, "run_1/1", verb="probe").output == "probe"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"apply": ["drain"]}, "no absolute path"),
        ({"apply": ["/bin/{host}"], "arguments": {"host": "a"}}, "no absolute path"),
        ({"apply": ["/bin/drain", "{host}"]}, "uses `{host}`, which has no pattern"),
        ({"apply": ["/bin/drain"], "arguments": {"host": "["}}, "the pattern of `host` is none"),
        ({"apply": ["/bin/drain"], "arguments": {"host": 7}}, "the pattern of `host` is no text"),
        ({"apply": ["/bin/drain"], "arguments": {"Host": "x"}}, "can't be the name"),
        ({"apply": ["/bin/drain"], "arguments": {"deadline": "x"}}, "can't be the name"),
    ],
)
def test_entry_that_could_not_be_run_is_refused(options: dict[str, object], said: str) -> None:
    assert any(said in problem for problem in SPEC.check(entry("commands", "process", given=options)))
