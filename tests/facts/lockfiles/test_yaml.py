"""YAML as lock files are written in it."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.lockfiles._yaml import MAX_NODES, YamlObject, items_of, load_yaml, load_yaml_object

VALUES = st.recursive(
    st.none() | st.text(max_size=12) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _root(text: str) -> Any:
    return load_yaml("a.yaml", text.encode()).root


def _error(text: str | bytes) -> FactError:
    with pytest.raises(FactError) as caught:
        load_yaml("a.yaml", text if isinstance(text, bytes) else text.encode())
    return caught.value


def test_yaml_plain_values_stay_the_text_they_are() -> None:
    text = "a: 1.10\nb: 1e3\nc: no\nd: true\ne: 2024-01-01\nf: 0x10\ng: ~\nh:\ni: ''\nj: '1.10'\n"
    root = _root(text)
    assert list(root.values()) == ["1.10", "1e3", "no", "true", "2024-01-01", "0x10", "~", None, "", "1.10"]


def test_yaml_entries_and_items_know_their_lines() -> None:
    root = _root("# top\na:\n\n  b: 1\n  c: {d: 2}\ne:\n- f\n\n- g: 1\n  h: 2\n")
    assert isinstance(root, YamlObject)
    assert (root.line, root.lines) == (2, {"a": 2, "e": 6})
    assert (root["a"].line, root["a"].lines, root["a"]["c"].line) == (2, {"b": 4, "c": 5}, 5)
    assert items_of(root["e"]) == [(7, "f"), (9, {"g": "1", "h": "2"})]
    assert root["e"][1].line == 9
    assert items_of("text") == []


def test_yaml_repeated_key_is_told_and_the_last_one_counts() -> None:
    document = load_yaml("a.yaml", b"a: 1\nb: 2\na: 3\nb: 2\n")
    assert document.root == {"a": "3", "b": "2"}
    assert [(gap.line, gap.because) for gap in document.unparsed] == [
        (3, "`a` is there twice (first in line 1): only the last one was read")
    ]


def test_yaml_repeated_key_that_says_the_same_is_not_told() -> None:
    assert load_yaml("a.yaml", b"a: {b: [1]}\na: {b: [1]}\n").unparsed == ()
    assert len(load_yaml("a.yaml", b"a: {b: [1]}\na: {b: [2]}\n").unparsed) == 1


def test_yaml_key_that_is_no_text_is_told_and_left_out() -> None:
    document = load_yaml("a.yaml", b"a: 1\n? [b]\n: {c: 1}\n? {d: 1}\n: 2\n?\n: 3\n")
    assert document.root == {"a": "1"}
    assert [gap.line for gap in document.unparsed] == [2, 4, 6]


def test_yaml_alias_is_the_same_object_as_its_anchor() -> None:
    root = _root("a: &x {b: 1}\nc: *x\nd: &y text\ne: *y\n")
    assert root["c"] is root["a"]
    assert root["e"] == "text"


def test_yaml_aliases_that_grow_without_bound_are_refused() -> None:
    levels = "".join(f"b{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]\n" for i in range(1, 30))
    assert str(MAX_NODES) in _error(f"a: &x0 [z, z]\n{levels}").message


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: *x\n", "a: &x {b: &x [*x]}\n"])
def test_yaml_alias_inside_of_its_anchor_or_without_one_is_refused(text: str) -> None:
    error = _error(text)
    assert (error.where, error.message) == ("a.yaml:1", "an alias without an anchor before it: `x`")


@pytest.mark.parametrize("text", ["[" * 10**6, "{" * 10**6, "- " * 10**5, "[a: " * 10**5])
def test_yaml_nested_deeply_is_refused_at_once(text: str) -> None:
    assert _error(text).message == "not valid here: nested too deeply"


def test_yaml_merge_conflict_is_told_with_its_line() -> None:
    error = _error("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n")
    assert (error.where, error.message) == ("a.yaml:2", "merge conflict markers")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\nb: [\x01]\n", "a.yaml:2"),
        ("a: 1\n b: 2\n", "a.yaml:2:3"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2"),
        ("", "a.yaml"),
        (b"a: 1\nb: \xff\n", "a.yaml:2"),
        ("%YAML 9.9\n---\na: 1\n", "a.yaml:1:1"),
    ],
)
def test_yaml_that_is_none_names_the_place(text: str | bytes, where: str) -> None:
    assert _error(text).where == where


def test_yaml_several_documents_are_read_where_they_are_asked_for() -> None:
    document = load_yaml("a.yaml", b"---\na: &x 1\n---\nb: 2\n", several=True)
    assert (document.root, document.others) == ({"a": "1"}, ({"b": "2"},))
    with pytest.raises(FactError, match="an alias without an anchor"):
        load_yaml("a.yaml", b"a: &x 1\n---\nb: *x\n", several=True)


def test_yaml_tags_make_nothing_but_text() -> None:
    assert _root("a: !!python/object/apply:os.system [ls]\nb: !!int 3\n") == {"a": ["ls"], "b": "3"}


@pytest.mark.parametrize(("text", "got"), [("- a\n", "a list"), ("a\n", "text"), ("# a\n", "nothing")])
def test_yaml_object_must_be_a_mapping(text: str, got: str) -> None:
    with pytest.raises(FactError, match=f"expected a YAML mapping, got {got}"):
        load_yaml_object("a.yaml", text.encode())


@settings(max_examples=80, deadline=None)
@given(value=VALUES)
def test_yaml_reads_what_another_writer_wrote(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=False)
    expected = yaml.load(text, Loader=yaml.BaseLoader)
    document = load_yaml("a.yaml", text.encode())
    assert _blank(document.root) == _blank(expected)


def _blank(value: Any) -> Any:
    """The other loader has the empty text for a value that is not there."""
    if isinstance(value, dict):
        return {key: _blank(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_blank(member) for member in value]
    return value or ""


@settings(max_examples=80, deadline=None)
@given(text=st.text(alphabet="ab:-?&*!|>'\"{}[],# \n\t", max_size=60))
def test_yaml_answers_or_raises_fact_error(text: str) -> None:
    try:
        document = load_yaml("a.yaml", text.encode())
    except FactError as error:
        where = error.where or ""
    else:
        where = "a.yaml"
        assert all(gap.line for gap in document.unparsed)
    assert where.startswith("a.yaml")
