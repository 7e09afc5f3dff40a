"""Evaluations in JavaScript and TypeScript sources: servers, browsers, React, NestJS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.flag_usage import FlagRead, Span, Unsettled, Value
from holdfast.facts.flag_usage.javascript import candidates, constants, parse, write

SERVER = """\
const { OpenFeature } = require('@openfeature/server-sdk');
const { SEARCH, off: OFF } = require('./flags');
const all = require("./flags");
const RECEIPTS = 'shop.receipts';
const FLAGS = { sales: 'shop.sales', "the-theme": "shop.theme" };
let changing = 'a';
const client = OpenFeature.getClient();

async function pages(user, key) {
  await client.getBooleanValue(RECEIPTS, true, user);
  await client.getBooleanDetails(FLAGS.sales, !1);
  await OpenFeature.getClient('shop').getStringValue(FLAGS['the-theme'], "d\\u00e4rk" + `er`);
  await client.getNumberValue(`shop.limit`, -1_000);
  await client.getObjectValue('shop.layout', { rows: [1, 2.5], name: null });
  await client.getBooleanValue(`shop.${user.name}`, true);
  await client.getBooleanValue(changing, false);
  await client.getBooleanValue(key, defaults[key]);
  await client.getBooleanValue(...key);
  await client?.getBooleanValue('shop.a');
  await client.getBooleanValue(SEARCH, OFF);
  await client.getBooleanValue(all.KIND, all.GONE);
  const ask = client.getBooleanValue;
}
"""
PAGE = """\
import { useBooleanFlagValue, useFlag, useSuspenseFlag as wait, FeatureFlag } from '@openfeature/react-sdk';
import { useFlag as other } from 'another-flag-library';
import * as keys from './keys';

enum Key { Sales = 'shop.sales' }

export const Page = ({ user }: { user: string }): JSX.Element => {
  const on = useBooleanFlagValue(keys.RECEIPTS, true as const);
  const { value } = useFlag<boolean>(Key.Sales, false);
  const wanted = wait('shop.wait', "off"!);
  other('shop.other');
  return (
    <FeatureFlag flagKey="shop.banner" defaultValue={true} fallback={<p>nothing</p>}>
      <FeatureFlag flagKey={user} />
      <p>{on ? value : wanted.value}</p>
    </FeatureFlag>
  );
};
"""
NEST = """\
export class Controller {
  @Get()
  page(@BooleanFeatureFlag({ flagKey: 'shop.receipts', defaultValue: true }) feature: Details<boolean>): string {
    return feature.value ? 'a' : 'b';
  }
}
"""


def lookup(module: str, name: str) -> Value | None:
    known = {
        ("./flags", "SEARCH"): "shop.search",
        ("./flags", "off"): False,
        ("./flags", "KIND"): "shop.kind",
        ("./keys", "RECEIPTS"): "shop.receipts",
    }
    return Value(known[module, name]) if (module, name) in known else None


def read(text: str, file: str = "shop.js") -> tuple[FlagRead, ...]:
    usage = parse(text.encode(), file, lookup)
    assert usage.problems == ()
    return usage.reads


def keys_and_defaults(text: str, file: str = "shop.js") -> list[tuple[object, object]]:
    """What is settled; `...` for what is not."""
    return [
        tuple(one.value if isinstance(one, Value) else ... for one in (read.key, read.default))  # type: ignore[misc]  # two
        for read in read(text, file)
    ]


def test_keys_and_defaults_are_settled_as_far_as_the_text_tells() -> None:
    expected = [
        ("shop.receipts", True),
        ("shop.sales", False),
        ("shop.theme", "därker"),
        ("shop.limit", -1000),
        ("shop.layout", {"rows": [1, 2.5], "name": None}),
        (..., True),
        (..., False),
        (..., ...),
        (..., ...),
        ("shop.a", ...),
        ("shop.search", False),
        ("shop.kind", ...),
        (..., ...),
    ]
    for file in ("shop.js", "shop.mjs", "shop.ts", "shop.tsx"):
        assert keys_and_defaults(SERVER, file) == expected, file


def test_what_is_not_settled_says_why() -> None:
    reasons = [one.because for each in read(SERVER) for one in (each.key, each.default) if isinstance(one, Unsettled)]
    assert reasons == [
        "`user` is a parameter",
        "`changing` is no constant that is declared once",
        "`key` is a parameter",
        "`key` is a parameter",
        "`...key` is computed",
        "no default is given",
        "no default is given",
        "`all.GONE` was not found in `./flags`",
        "it is passed around, and not called here",
        "it is passed around, and not called here",
    ]


def test_hooks_and_components_of_react_are_evaluations() -> None:
    assert keys_and_defaults(PAGE, "page.tsx") == [
        ("shop.receipts", True),
        ("shop.sales", False),
        ("shop.wait", "off"),
        ("shop.banner", True),
        (..., ...),
    ]
    assert [one.kind for one in read(PAGE, "page.tsx")] == ["boolean", None, None, None, None]


def test_hook_of_another_library_is_none_of_ours() -> None:
    assert read("import { useFlag } from 'another';\nuseFlag('a', true);") == ()
    assert len(read("import { useFlag } from './ours';\nuseFlag('a', true);")) == 1
    assert read("useFlag('a');") == ()


def test_parameter_of_a_controller_is_an_evaluation() -> None:
    (one,) = read(NEST, "page.ts")
    assert (one.key, one.default, one.kind) == (Value("shop.receipts"), Value(True), "boolean")


def test_place_of_a_written_default_is_counted_in_characters() -> None:
    (one,) = read("/* öö */ client.getBooleanValue('a', true)")
    assert one.at == Span(1, 10, 1, 43)
    assert one.default_at == Span(1, 38, 1, 42)


WRAPPED = """\
export const isOn = (flag, user, usual = true) => client.getBooleanValue(flag, usual);
function asks(flag) { return client.getBooleanValue(flag, false); }
isOn('a');
isOn('b', 1, false);
isOn(name());
asks('c');
"""


def test_function_that_hands_its_parameter_on_is_followed_to_its_calls() -> None:
    for file in ("shop.js", "shop.ts"):
        assert keys_and_defaults(WRAPPED, file) == [("a", True), ("b", False), (..., True), ("c", False)]
    assert [one.at.line for one in read(WRAPPED)] == [3, 4, 5, 6]
    assert read(WRAPPED)[0].call == "isOn → getBooleanValue"


def test_function_of_another_file_is_followed_to_its_calls() -> None:
    (forwarder,) = parse(
        b"export const isOn = (flag, usual = true) => c.getBooleanValue(flag, usual);", "web/lib.ts"
    ).forwarders
    text = "import { isOn as on } from './lib';\non('a');\non('b', false);\nshop.isOn('c');\nisOn('d');\n"
    reads = parse(text.encode(), "web/page.ts", lookup, [forwarder]).reads
    assert [(one.key, one.default, one.sure) for one in reads] == [
        (Value("a"), Value(True), True),
        (Value("b"), Value(False), True),
        (Value("c"), Value(True), False),
    ]


def test_client_around_a_client_is_no_evaluation_of_its_own() -> None:
    assert read("class C { getBooleanValue(key, usual) { return this.c.getBooleanValue(key, usual); } }") == ()


@pytest.mark.parametrize(
    "text",
    [
        "const K = 'a'; { const K = 'b'; c.getBooleanValue(K, true); }",
        "const K = 'a'; const f = (K) => { const g = 1; c.getBooleanValue(K, true); }",
        "const K = 'a'; for (const K of names) c.getBooleanValue(K, true);",
        "const K = 'a'; try {} catch (K) { c.getBooleanValue(K, true); }",
        "const K = 'a'; const f = ({ K }) => 1; const { K } = x; c.getBooleanValue(K, true);",
        "var K = 'a'; c.getBooleanValue(K, true);",
        "function f(K) { K = 'x' + K; c.getBooleanValue(K, true); } f('a')",
        "const K = K; c.getBooleanValue(K, true);",
        "const K = {...x}; c.getBooleanValue(K.a, true);",
    ],
)
def test_name_that_may_be_something_else_is_not_settled(text: str) -> None:
    assert [key for key, _ in keys_and_defaults(text)] == [...]


def test_value_that_would_blow_up_is_not_settled() -> None:
    text = "const A0 = ['a'];" + "".join(f"const A{n} = [A{n - 1}, A{n - 1}];" for n in range(1, 18))
    assert keys_and_defaults(f"{text} c.getObjectValue('k', A17);") == [("k", ...)]


def test_calls_nested_without_end_are_read() -> None:
    text = "f(" * 5000 + "c.getBooleanValue('a', true)" + ")" * 5000
    assert keys_and_defaults(text) == [("a", True)]


def test_syntax_error_is_named_and_the_rest_is_read() -> None:
    usage = parse(b"client.getBooleanValue('a', true);\nlet = = 3;\nclient.getBooleanValue('b', true);\n", "f.js")
    assert [one.key for one in usage.reads] == [Value("a"), Value("b")]
    assert [(line, message) for line, _, message in usage.problems] == [
        (2, "not JavaScript or TypeScript that can be read")
    ]


def test_text_that_is_not_utf8_is_an_error_with_its_line() -> None:
    with pytest.raises(FactError) as caught:
        parse(b"let a;\nlet b = '\xff'", "f.ts")
    assert caught.value.where == "f.ts:2"


def test_byte_order_mark_moves_no_column() -> None:
    (one,) = parse(b"\xef\xbb\xbfclient.getBooleanValue('a', true)", "f.js").reads
    assert one.at.column == 1


def test_constants_are_those_that_are_declared_once() -> None:
    found = constants(
        b"export const A = 'a';\nexport enum K { B = 'b' }\nlet c = 'c';\nexport const F = {a: A} as const;", "f.ts"
    )
    assert found["A"] == Value("a")
    assert found["K"] == Value({"B": "b"})
    assert found["F"] == Value({"a": "a"})
    assert isinstance(found["c"], Unsettled)


def test_relative_module_is_looked_for_where_it_must_be() -> None:
    assert candidates("web/pages/page.tsx", "@acme/flags") == ()
    assert candidates("page.ts", "../../flags") == ()
    found = candidates("web/pages/page.tsx", "../flags.js")
    assert found[0] == "web/flags.js"
    assert {"web/flags.ts", "web/flags/index.ts"} <= set(found)


def test_values_are_written_as_javascript_has_them() -> None:
    assert [write(one) for one in (False, None, "é", {"a": [1.5]})] == ["false", "null", '"é"', '{"a": [1.5]}']


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["f.js", "f.ts", "f.tsx"]),
)
def test_any_bytes_give_evaluations_or_an_error_with_a_line(data: bytes, file: str) -> None:
    try:
        lines = [line for line, _, _ in parse(data, file).problems]
    except FactError as error:
        lines = [int((error.where or "f:0").split(":")[1])]
    assert all(line >= 1 for line in lines)


@settings(deadline=None)
@given(st.integers(0, len(PAGE)), st.integers(0, 30), st.text("()[]{}<>:=.,`$'\"\n K", max_size=6))
def test_any_bent_page_gives_evaluations_and_the_places_of_its_errors(at: int, cut: int, put: str) -> None:
    usage = parse((PAGE[:at] + put + PAGE[at + cut :]).encode(), "f.tsx", lookup)
    assert all(one.at.line >= 1 and one.at.column >= 1 for one in usage.reads)
    assert all(line >= 1 and column >= 1 for line, column, _ in usage.problems)


def test_call_by_the_text_of_its_name_is_a_call() -> None:
    code = (
        b"const x = client['getBooleanValue']('pay', true); const y = client[`getStringValue`]; client[z]('pay', true);"
    )
    called, passed = parse(code, "shop.ts").reads
    assert (called.key, called.default) == (Value("pay"), Value(True))
    assert passed.key == Unsettled("it is passed around, and not called here")
