"""Evaluations in Python sources: what is asked for, with which default, and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.flag_usage import FlagRead, Span, Unsettled, Value
from holdfast.facts.flag_usage.python import candidates, constants, parse, write

SHOP = '''\
"""A shop."""
from enum import StrEnum
from openfeature import api
from shop import flags
from shop.flags import SEARCH as FIND, Kind

RECEIPTS = "shop.receipts"
SAFE = False
TWICE = "a"
TWICE = "b"


class Flags(StrEnum):
    SALES = "shop.sales"


client = api.get_client()


async def pages(user, key):
    api.get_client("shop").get_boolean_value(RECEIPTS, True)
    await client.get_boolean_value_async(flag_key=Flags.SALES, default_value=SAFE)
    client.get_string_details(Flags.SALES.value, "ö" + "x", user)
    client.get_integer_value(f"shop.{'sales'}", -1)
    client.get_float_value(TWICE, 0.5)
    client.get_object_value("shop.theme", {"dark": [1, None]})
    client.get_boolean_value(f"shop.{user}", not SAFE)
    client.get_boolean_value(key, default())
    client.get_boolean_value(*user)
    client.get_boolean_value("shop.a", **user)
    client.get_boolean_value(FIND, flags.OFF)
    client.get_boolean_value(Kind.A, flags.GONE)
    ask = client.get_boolean_details
'''


def lookup(module: str, name: str) -> Value | None:
    known = {
        ("shop.flags", "SEARCH"): "shop.search",
        ("shop", "flags.OFF"): False,
        ("shop.flags", "Kind.A"): "shop.kind",
    }
    return Value(known[module, name]) if (module, name) in known else None


def read(text: str) -> tuple[FlagRead, ...]:
    return parse(text.encode(), "shop.py", lookup).reads


def keys_and_defaults(text: str) -> list[tuple[object, object]]:
    """What is settled; `...` for what is not."""
    return [
        tuple(one.value if isinstance(one, Value) else ... for one in (read.key, read.default))  # type: ignore[misc]  # two
        for read in read(text)
    ]


def test_keys_and_defaults_are_settled_as_far_as_the_text_tells() -> None:
    assert keys_and_defaults(SHOP) == [
        ("shop.receipts", True),
        ("shop.sales", False),
        ("shop.sales", "öx"),
        ("shop.sales", -1),
        (..., 0.5),
        ("shop.theme", {"dark": [1, None]}),
        (..., True),
        (..., ...),
        (..., ...),
        ("shop.a", ...),
        ("shop.search", False),
        ("shop.kind", ...),
        (..., ...),
    ]


def test_what_is_not_settled_says_why() -> None:
    reasons = [one.because for each in read(SHOP) for one in (each.key, each.default) if isinstance(one, Unsettled)]
    assert reasons == [
        "`TWICE` is assigned more than once",
        "`user` is a parameter",
        "`key` is a parameter",
        "`default()` is computed",
        "`*user` is computed",
        "`*user` is computed",
        "`*user` is computed",
        "`flags.GONE` is no constant of this file",
        "it is passed around, and not called here",
        "it is passed around, and not called here",
    ]


def test_kinds_and_calls_are_those_of_the_sdk() -> None:
    kinds = [(one.call, one.kind) for one in read(SHOP)][:6]
    assert kinds == [
        ("get_boolean_value", "boolean"),
        ("get_boolean_value_async", "boolean"),
        ("get_string_details", "string"),
        ("get_integer_value", "number"),
        ("get_float_value", "number"),
        ("get_object_value", "object"),
    ]


def test_place_of_a_written_default_is_counted_in_characters() -> None:
    (one,) = read('x = "öö"; client.get_boolean_value("a", True)')
    assert one.at == Span(1, 11, 1, 46)
    assert one.default_at == Span(1, 41, 1, 45)


def test_default_that_is_named_elsewhere_has_no_place() -> None:
    (one,) = read("SAFE = False\nclient.get_boolean_value('a', SAFE)")
    assert (one.default, one.default_at) == (Value(False), None)


WRAPPED = """\
def is_on(flag, user, default=True):
    return client.get_boolean_value(flag, default)

class Shop:
    def asks(self, flag):
        return self.client.get_boolean_value(flag, False)

    def page(self):
        is_on("a", 1)
        is_on("b", 1, False)
        is_on(default=False, flag="c")
        is_on(name())
        self.asks("d")
"""


def test_function_that_hands_its_parameter_on_is_followed_to_its_calls() -> None:
    assert keys_and_defaults(WRAPPED) == [("a", True), ("b", False), ("c", False), (..., True), ("d", False)]
    first, second = read(WRAPPED)[:2]
    assert first.call == "is_on → get_boolean_value"
    assert (first.at.line, first.default_at) == (9, Span(1, 31, 1, 35))
    assert second.default_at == Span(10, 23, 10, 28)


def test_function_of_another_file_is_followed_to_its_calls() -> None:
    (forwarder,) = parse(
        b"def is_on(flag, usual=True):\n    return c.get_boolean_value(flag, usual)\n", "shop/lib.py"
    ).forwarders
    text = "from shop.lib import is_on\nis_on('a')\nis_on('b', False)\nis_on(name())\n"
    reads = parse(text.encode(), "shop/page.py", lookup, [forwarder]).reads
    assert [(one.key, one.default, one.sure) for one in reads[:2]] == [
        (Value("a"), Value(True), True),
        (Value("b"), Value(False), True),
    ]
    assert reads[1].default_at == Span(3, 12, 3, 17)
    assert isinstance(reads[2].key, Unsettled)
    same_name = "from other import is_on\nis_on('a')\n"
    assert parse(same_name.encode(), "shop/page.py", lookup, [forwarder]).reads == ()


def test_call_that_is_one_by_the_name_of_its_method_is_not_sure() -> None:
    (forwarder,) = parse(
        b"class F:\n  def on(self, flag):\n    return c.get_boolean_value(flag, True)\n", "lib.py"
    ).forwarders
    (one,) = parse(b"self.flags.on('a')", "page.py", lookup, [forwarder]).reads
    assert (one.key, one.default, one.sure, one.through) == (Value("a"), Value(True), False, "lib.py:on")


def test_function_that_is_called_elsewhere_only_is_named() -> None:
    (one,) = read("def is_on(flag):\n    return client.get_boolean_value(flag, False)\n")
    assert (one.key, one.hands_on) == (Unsettled("`flag` is a parameter"), True)


def test_client_around_a_client_is_no_evaluation_of_its_own() -> None:
    text = "class C:\n    def get_boolean_value(self, key, d):\n        return self.c.get_boolean_value(key, d)\n"
    assert read(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    global K\n    K = 'b'\nK = 'a'\nc.get_boolean_value(K, True)",
        "for K in ('a', 'b'):\n    c.get_boolean_value(K, True)",
        "K = 'a'\n[c.get_boolean_value(K, True) for K in names]",
        "K = 'a'\ndef f(K):\n    c.get_boolean_value(K, True)",
        "K = 'a'\nwith x as K:\n    c.get_boolean_value(K, True)",
        "K = 'a'\nK += 'b'\nc.get_boolean_value(K, True)",
        "from x import *\nc.get_boolean_value(K, True)",
        "c.get_boolean_value(K := name(), True)",
        "def f(K):\n    K = 'x' + K\n    c.get_boolean_value(K, True)\nf('a')",
        "K = K\nc.get_boolean_value(K, True)",
    ],
)
def test_name_that_may_be_something_else_is_not_settled(text: str) -> None:
    assert [key for key, _ in keys_and_defaults(text)] == [...]


@pytest.mark.parametrize("doubled", ["A{0}=[A{1},A{1}]", "class C{0}:\n  X=[C{1}.X,C{1}.X]"])
def test_value_that_would_blow_up_is_not_settled(doubled: str) -> None:
    start = "A0=['a']\nclass C0:\n  X=['a']\n"
    text = start + "\n".join(doubled.format(n, n - 1) for n in range(1, 18)) + "\nc.get_object_value('k', A17 or C17.X)"
    text = text.replace("A17 or C17.X", "A17" if doubled.startswith("A") else "C17.X")
    assert keys_and_defaults(text) == [("k", ...)]


def test_class_that_names_itself_is_not_settled() -> None:
    assert keys_and_defaults("class C:\n  X = C.X\nc.get_boolean_value(C.X, True)") == [(..., True)]


def test_names_of_a_function_hide_those_of_the_module() -> None:
    text = "K = 'a'\ndef f():\n    K = 'b'\n    c.get_boolean_value(K, True)\nc.get_boolean_value(K, True)"
    assert [key for key, _ in keys_and_defaults(text)] == ["b", "a"]


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        (b"def f(:\n", "f.py:1:7", "not Python"),
        (b"x = 1\ny = '\xff'\n", "f.py:2", "its text can't be decoded"),
        (b"# coding: nonsense\n", "f.py:1", "its text can't be decoded"),
        (b"x = '\x00'", "f.py", "not Python"),
        (b"(" * 100_000, "f.py", "not Python"),
        (b"-" * 100_000 + b"1", "f.py", ""),
    ],
)
def test_what_is_not_python_is_an_error_with_its_line(data: bytes, where: str, message: str) -> None:
    with pytest.raises(FactError) as caught:
        parse(data, "f.py")
    assert (caught.value.where or "").startswith(where)
    assert message in caught.value.message


def test_text_of_another_encoding_is_read_as_it_says() -> None:
    usage = parse("# coding: latin-1\nc.get_boolean_value('ä', True)".encode("latin-1"), "f.py")
    assert usage.reads[0].key == Value("ä")


def test_constants_are_those_that_are_assigned_once() -> None:
    found = constants(b"A = 'a'\nB = 'b'\nB = 'c'\nclass F:\n    C = 'c'\n    D: str = A\n", "f.py")
    assert found == {"A": Value("a"), "F.C": Value("c"), "F.D": Value("a")}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (".flags", ["shop/web/flags.py", "shop/web/flags/__init__.py"]),
        ("..flags", ["shop/flags.py", "shop/flags/__init__.py"]),
        (".", ["shop/web.py", "shop/web/__init__.py"]),
        ("....flags", []),
    ],
)
def test_relative_module_is_looked_for_where_it_must_be(module: str, expected: list[str]) -> None:
    assert candidates("shop/web/page.py", module) == expected


def test_module_is_looked_for_below_every_folder_above() -> None:
    found = candidates("a/b/page.py", "shop.flags")
    assert found[::2] == ["a/b/shop/flags.py", "a/shop/flags.py", "shop/flags.py"] + [
        f"{folder}src/shop/flags.py" for folder in ("a/b/", "a/", "")
    ]


def test_values_are_written_as_python_has_them() -> None:
    assert [write(one) for one in (False, None, "it's", {"a": [1.5]})] == ["False", "None", '"it\'s"', "{'a': [1.5]}"]


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_evaluations_or_an_error_with_a_line(data: bytes) -> None:
    try:
        places = [read.at.line for read in parse(data, "f.py").reads]
    except FactError as error:
        places = [int((error.where or "f.py:0").split(":")[1])]
    assert all(line >= 1 for line in places)


@settings(deadline=None)
@given(st.integers(0, len(SHOP)), st.integers(0, 30), st.text("()[]{}:=.,*'\"\n K", max_size=6))
def test_any_bent_module_gives_evaluations_or_an_error_with_a_line(at: int, cut: int, put: str) -> None:
    data = (SHOP[:at] + put + SHOP[at + cut :]).encode()
    try:
        lines = [read.at.line for read in parse(data, "f.py", lookup).reads]
    except FactError as error:
        lines = [int((error.where or "f.py:0").split(":")[1])]
    assert all(line >= 1 for line in lines)


@pytest.mark.parametrize(
    "code",
    [
        'getattr(client, "get_boolean_value")("pay", True)',
        'operator.methodcaller("get_boolean_value", "pay", True)(client)',
        'client.get_boolean_value("pay", **{"default_value": True})',
        'client.get_boolean_value(**{"flag_key": "pay", "default_value": False})',
    ],
)
def test_call_that_is_hidden_is_said_not_to_be_told(code: str) -> None:
    (found,) = parse(f"x = {code}\n".encode(), "shop.py").reads
    assert isinstance(found.default, Unsettled)
