"""Documents that are too big to hold: the same as what a whole reader says, or an error with its line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.reports import _json_stream
from holdfast.facts.reports._json_stream import Streamed, open_document

SARIF = {
    "version": "2.1.0",
    "runs": [
        {"results": [{"ruleId": "a", "text": 'é"]},{'}, 5, [1, 2], 12.5], "tool": {"driver": {"name": "t"}}},
        {"results": [], "tool": {}},
        "no run",
    ],
}


def opened(data: bytes, file: str = "r.json") -> dict[str, Any]:
    return open_document(file, lambda start, count: data[start : start + count])


def whole(value: Any) -> Any:
    """The same with every streamed list gone through."""
    if isinstance(value, Streamed):
        return list(value)
    if isinstance(value, dict):
        return {key: whole(member) for key, member in value.items()}
    return [whole(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("chunk", [1, 3, 7, 64, 4096])
@pytest.mark.parametrize("indent", [None, 2])
def test_document_is_the_same_wherever_its_pieces_end(
    chunk: int, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_json_stream, "_CHUNK_BYTES", chunk)
    document = opened(b"\xef\xbb\xbf" + json.dumps(SARIF, indent=indent, ensure_ascii=False).encode() + b"\n ")
    assert whole(document) == SARIF
    assert whole(document) == SARIF, "a list is gone through as often as it is asked for"
    assert isinstance(document["runs"][0]["results"], Streamed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text() | st.sampled_from(["results", "runs"]), inside),
    max_leaves=20,
)


@given(document=st.dictionaries(st.text() | st.sampled_from(["results", "runs", "matches"]), _JSON))
def test_any_document_is_read_as_it_is(document: dict[str, Any]) -> None:
    assert whole(opened(json.dumps(document).encode())) == document


@given(data=st.binary() | st.binary().map(lambda tail: json.dumps(SARIF).encode()[: len(tail) * 9] + tail))
def test_any_bytes_are_read_or_an_error_that_names_the_file(data: bytes) -> None:
    where = None
    try:
        whole(opened(data))
    except FactError as error:
        where = error.where or ""
    assert where is None or where.startswith("r.json:")


def test_lists_that_are_repeated_all_count() -> None:
    document = opened(b'{"runs": [{"results": [1], "results": [2]}], "runs": [{"results": [3]}]}')
    assert whole(document) == {"runs": [{"results": [1, 2]}, {"results": [3]}]}
    assert whole(opened(b'{"results": [1], "results": null}')) == {"results": [1]}


@pytest.mark.parametrize(
    ("data", "because", "line"),
    [
        (b"", "expected a JSON object", 1),
        (b"[1]", "expected a JSON object", 1),
        (b'{"a": 1} x', "something stands behind", 1),
        (b'{"runs": [{\n"results": [{},\n{"a"}]}]}', "Expecting ':' delimiter", 3),
        (b'{"runs": [{"results": [{}\n{}]}]}', "expected `,` or `]`", 2),
        (b'{"runs": [{"results": [{"a": "cut', "Unterminated string", 1),
        (b'{"runs": [{"results": [', "it ends too early", 1),
        (b'{"runs"', "expected a key and a colon", 1),
        (b'{"a": 1,\n}', "Expecting value", 2),
        (b'{"a": "\x00"}', "Invalid control character", 1),
        (b'{"a": NaN}', "`NaN` is no number", 1),
        (b'{"a":\n' + b"9" * 5000 + b"}", "Exceeds the limit", 2),
        (b'{"a":\n"\xff"}', "expected UTF-8 text, got 0xff", 2),
        (b'{"a": "\xe2', "expected UTF-8 text", 1),
        (b'{"runs": [{"results": [\n' + b"[" * 1_000_000, "nested too deeply", 2),
        (b'{"a":' * 1_000_000, "nested too deeply", 1),
    ],
)
def test_what_is_no_json_is_an_error_with_its_line(data: bytes, because: str, line: int) -> None:
    with pytest.raises(FactError) as caught:
        opened(data)
    assert because in caught.value.message
    assert caught.value.where == f"r.json:{line}"


def test_what_would_have_to_be_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json_stream, "MAX_ENTRY", 10_000)
    monkeypatch.setattr(_json_stream, "MAX_BUILT", 20_000)
    monkeypatch.setattr(_json_stream, "_CHUNK_BYTES", 1_000)
    many = [{"n": number} for number in range(10_000)]
    assert len(list(opened(json.dumps({"results": many}).encode())["results"])) == 10_000
    with pytest.raises(FactError, match="besides the results"):
        opened(json.dumps(dict.fromkeys("abcde", "x" * 5_000)).encode())
    with pytest.raises(FactError, match="a value of over 10000 characters"):
        opened(json.dumps({"results": ["x" * 50_000]}).encode())
