"""`holdfast.yaml` becomes values, or an error that names line and column of everything that is wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ManifestError
from holdfast.facts.manifest import ManifestProblems, find_service_for, parse_declaration, parse_manifest
from holdfast.model.plan import Autonomy, Coverage, Drill, Feature, Probe, Step
from tests.facts.manifest_texts import GOOD, with_line


def problems_of(data: bytes | str) -> list[str]:
    with pytest.raises(ManifestProblems) as caught:
        parse_manifest(data.encode() if isinstance(data, str) else data, file="holdfast.yaml")
    return [f"{problem.where.removeprefix('holdfast.yaml:')} {problem.message}" for problem in caught.value.problems]


def test_manifest_in_order_becomes_values() -> None:
    service = parse_manifest(GOOD.encode(), file="holdfast.yaml").services[0]
    assert (service.name, service.team, service.tier, service.reach, service.line) == (
        "shop",
        "storefront",
        1,
        "internet",
        3,
    )
    assert service.features == (Feature("receipts", "shop.receipts", "off", ("pkg:pypi/acme-pdf", "src/receipts/**")),)
    assert service.drills == (Drill("receipts-off", "7d", "L1"),)
    plan = service.plans[0]
    assert plan.steps == (Step("flag.off", (("flag", "shop.receipts"),)),)
    assert plan.coverage is Coverage.FULL
    assert plan.level("production") is Autonomy.APPROVE_1
    assert plan.level("elsewhere") is Autonomy.OBSERVE
    assert plan.verify == (
        Probe(
            "http",
            "http://127.0.0.1:8000/receipt",
            expect_json=(("/n", "1"), ("/renderer", '"plain"')),
            expect_text="paid",
            interval_s=0.2,
            deadline_s=60.0,
        ),
    )


def test_what_is_left_out_gets_its_default() -> None:
    service = parse_manifest(b"version: 1\nservices: [{name: api}]", file="f").services[0]
    assert (service.paths, service.team, service.tier, service.reach) == ((".",), None, None, "unknown")
    assert (service.features, service.plans, service.drills) == ((), (), ())


@pytest.mark.parametrize("text", ["off", '"off"', "'off'"])
def test_safe_variant_is_taken_as_written(text: str) -> None:
    service = parse_manifest(with_line("safe: off", f"safe: {text}"), file="f").services[0]
    assert service.features[0].safe == "off"


@pytest.mark.parametrize(("text", "expected"), [("false", "false"), ("no", "no"), ("1.10", "1.10"), ("007", "007")])
def test_plain_scalar_keeps_its_text_where_a_name_is_meant(text: str, expected: str) -> None:
    service = parse_manifest(with_line("safe: off", f"safe: {text}"), file="f").services[0]
    assert service.features[0].safe == expected


def test_arguments_of_a_step_are_texts_in_order_of_name() -> None:
    data = with_line("flag: shop.receipts}]", "percent: 10, flag: shop.receipts, fast: yes}]")
    step = parse_manifest(data, file="f").services[0].plans[0].steps[0]
    assert step.arguments == (("fast", "yes"), ("flag", "shop.receipts"), ("percent", "10"))


@pytest.mark.parametrize(
    ("when", "line", "column"),
    [
        ("when: a.b", 15, 15),
        ('when: "a.b"', 15, 16),
        ("when: 'a.b'", 15, 16),
        ("when: |\n          a.b", 16, 11),
        ("when: >-\n            a.b", 16, 13),
    ],
)
def test_when_knows_where_its_text_starts(when: str, line: int, column: int) -> None:
    old = 'when: finding.severity >= 7.0 && component.name == "acme-pdf"'
    plan = parse_manifest(with_line(old, when), file="f").services[0].plans[0]
    assert (plan.when.strip(), plan.when_line, plan.when_column) == ("a.b", line, column)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 1", "version: 2", "1:10 expected `1`, got a number `2`"),
        ("    team:", "    tam:", "4:5 unknown key `tam`"),
        ("name: shop\n", "name: 12\n", "3:11 expected a name of letters, digits"),
        ("tier: 1", "tier: high", "5:11 expected a number from 1 (the most important) to 9, got `high`"),
        ("tier: 1", "tier: 0", "5:11 expected a number from 1 (the most important) to 9, got a number `0`"),
        ("tier: 1", "tier: 1\n    tier: 2", "6:5 the key `tier` stands here a second time"),
        ("exposure: internet", "exposure: Internet", "6:15 expected `internet`, `internal` or `development`"),
        ('paths: ["."]', 'paths: ["../other"]', "7:13 the path `../other` leads out of the repository"),
        ('paths: ["."]', 'paths: ["a/../../b"]', "7:13 the path `a/../../b` leads out of the repository"),
        ('paths: ["."]', 'paths: ["/etc"]', "7:13 the path `/etc` leads out of the repository"),
        ('paths: ["."]', 'paths: ["C:/x"]', "7:13 the path `C:/x` leads out of the repository"),
        ('paths: ["."]', 'paths: ["src/*"]', "7:13 the path `src/*` is a pattern"),
        ('paths: ["."]', "paths: []", "7:12 expected at least one folder, got an empty list"),
        ("safe: off", "safe:", "11:14 expected the name of a variant, got nothing"),
        ("        safe: off\n", "", "9:9 `safe` is missing"),
        ('"pkg:pypi/acme-pdf"', '"pkg:pypi/acme-pdf@1.0"', "12:18 `pkg:pypi/acme-pdf@1.0` names a version"),
        ('"pkg:pypi/acme-pdf"', '"pkg:pypi"', "12:18 `pkg:pypi` is not a package URL"),
        ("do: [{action: flag.off, flag: shop.receipts}]", "do: []", "16:13 expected at least one step"),
        ("coverage: full", "coverage: most", "17:19 expected `full`, `partial` or `client-only`, got `most`"),
        ('"http://127.0.0.1:8000/receipt"', "file:///etc/passwd", "20:20 expected an HTTP or HTTPS address"),
        ('"/renderer": plain', "renderer: plain", "21:44 expected a JSON pointer like `/renderer`, got `renderer`"),
        ("200ms", "200", "22:25 expected a duration like"),
        ("200ms", "1ms", "22:25 an interval under 50 ms"),
        ("1m\n", "2h\n", "23:25 a deadline below the interval, or over one hour"),
        (
            "staging: auto",
            "staging: automatic",
            "24:47 expected `observe`, `suggest`, `approve-1`, `approve-2` or `auto`",
        ),
        ("plan: receipts-off", "plan: other", "25:21 there is no plan `other` to drill"),
        ("every: 7d", "every: weekly", "25:42 expected a duration like"),
        ("every: 7d", "every: 0d", "25:42 a drill every no time at all"),
    ],
)
def test_mistake_names_line_and_column(old: str, new: str, problem: str) -> None:
    found = problems_of(with_line(old, new))
    assert any(one.startswith(problem) for one in found), found


def test_all_mistakes_are_reported_together_in_order_of_place() -> None:
    text = GOOD.replace("version: 1", "version: 2").replace("tier: 1", "tier: x").replace("plan: rec", "plan: no-rec")
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text.encode(), file="holdfast.yaml")
    lines = [line for line in str(caught.value).splitlines() if not line.startswith("  try:")]
    assert [line.split(" ")[0] for line in lines] == [
        "holdfast.yaml:1:10:",
        "holdfast.yaml:5:11:",
        "holdfast.yaml:25:21:",
    ]


def test_unknown_key_suggests_the_near_one() -> None:
    with pytest.raises(ManifestProblems) as caught:
        parse_manifest(with_line("    exposure:", "    exposre:"), file="f")
    assert caught.value.problems[0].hint == "did you mean `exposure`?"


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ("  - {name: shop, paths: [other]}\n", "26:12 the service `shop` stands here a second time"),
        ("  - {name: api}\n", "26:5 `.` belongs to `shop` already"),
        ("  - {name: api, paths: [a, ./a/]}\n  - {name: b, paths: [a]}\n", "27:23 `a` belongs to `api` already"),
    ],
)
def test_services_have_names_and_paths_of_their_own(second: str, problem: str) -> None:
    assert problem in problems_of(GOOD + second)


def test_names_within_a_service_are_unique() -> None:
    plan = "      - {id: p, when: 'true', do: [{action: flag.off}]}\n"
    feature = "{name: f, flag: f, safe: off, covers: [src]}"
    text = f"version: 1\nservices:\n  - name: shop\n    features: [{feature}, {feature}]\n    plans:\n{plan}{plan}"
    assert [one.partition(" ")[2] for one in problems_of(text)] == [
        "the feature `f` stands here a second time",
        "the plan `p` stands here a second time",
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "1:1 an empty manifest"),
        (b"# only a comment\n", "1:1 an empty manifest"),
        (b"null", "1:1 an empty manifest"),
        (b"version: 1\nservices: []\n", "2:11 expected at least one service, got an empty list"),
        (b"version: 1\n", "1:1 `services` is missing"),
        (b"- a", "1:1 expected a mapping, got a list"),
        (b"hello", "1:1 expected a mapping, got `hello`"),
        (b"version: [", "1:11 not YAML: expected the node content"),
        (b"a: b: c", "1:5 not YAML: mapping values are not allowed here"),
        (b"version: 1\n\tservices: []", "2:1 not YAML: found character '\\t' that cannot start any token"),
        (b"version: 1\nservices: \xff\xfe", "2:11 not UTF-8"),
        (b"version: \x00", "1:10 a character that YAML does not allow: U+0000"),
        (b'version: "\\e[31m"', "1:10 a text with a control character: U+001B"),
        (b'version: "\\UFFFFFFFF"', "1:1 not YAML: an escape or a number out of range after this"),
        (b'version: "\\U00110000"', "1:1 not YAML: an escape or a number out of range after this"),
        (b'version: "\\uD800"', "1:10 a text with a control character: U+D800"),
        (b"version: 1\n---\nversion: 1\n", "2:1 a second document"),
        (b"a: 1\n<<<<<<< HEAD\nb: 2\n=======\n", "2:1 a merge conflict that was not resolved"),
        (b"version: !!python/object/apply:os.system [x]", "1:10 a tag: values are read as what they look like"),
        (b"[" * 100_000, "1:25 over 10000 values, or nested over 24 levels deep"),
        (b"a: [" + b"1," * 30_000 + b"]", "1:19999 over 10000 values, or nested over 24 levels deep"),
        (b"# " + b"x" * 300_000, "1:1 a manifest of over 128 KiB"),
        (b"? [a, b]\n: 1", "1:3 a key that is no text"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(data: bytes, problem: str) -> None:
    assert any(one.startswith(problem) for one in problems_of(data))


def test_anchor_bomb_is_refused_before_it_is_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    found = problems_of("\n".join(lines))
    assert found[0] == "1:5 an anchor: `&a0`"
    assert len(found) <= 60


@pytest.mark.parametrize("count", [48, 49, 50, 51])
def test_problems_are_listed_up_to_fifty_whatever_comes_after(count: int) -> None:
    found = problems_of("\n".join(f"k{n}: &a{n} x" for n in range(count)) + "\nbad: [")
    assert sum("an anchor" in one for one in found) == min(count, 50)


def test_too_many_services_are_refused_as_such() -> None:
    services = ", ".join(f"{{name: s{n}, paths: [p{n}]}}" for n in range(201))
    assert problems_of(f"version: 1\nservices: [{services}]") == ["2:11 expected at most 200 items, got a list"]


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_manifest(b"\xef\xbb\xbf" + GOOD.encode(), file="f").services[0].name == "shop"


def test_windows_line_ends_change_nothing() -> None:
    unix, windows = (
        parse_manifest(GOOD.encode(), file="f"),
        parse_manifest(GOOD.replace("\n", "\r\n").encode(), file="f"),
    )
    assert unix == windows


def outcome(data: bytes) -> str:
    try:
        return parse_manifest(data, file="f").file
    except ManifestProblems as error:
        return "f" if all(problem.where.startswith("f:") for problem in error.problems) else str(error)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_manifest_or_the_error_that_names_the_line(data: bytes) -> None:
    assert outcome(data) == "f"


@settings(deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 30), st.text("[]{}:-,&*!|>'\"%@` \n\tabc0", max_size=6))
def test_any_bent_manifest_gives_a_manifest_or_the_error_that_names_the_line(at: int, cut: int, put: str) -> None:
    assert outcome((GOOD[:at] + put + GOOD[at + cut :]).encode()) == "f"


def test_file_belongs_to_the_innermost_folder() -> None:
    text = (
        "version: 1\nservices: [{name: all}, {name: api, paths: [services/api]}, {name: v2, paths: [services/api/v2]}]"
    )
    manifest = parse_manifest(text.encode(), file="f")

    def owner(path: str) -> str | None:
        service = find_service_for(manifest, path)
        return service.name if service else None

    assert owner("uv.lock") == "all"
    assert owner("services/api/uv.lock") == "api"
    assert owner("./services/api/v2/x/uv.lock") == "v2"
    assert owner("services/api2/uv.lock") == "all"
    assert owner("../uv.lock") is None


def test_file_outside_every_folder_belongs_to_nobody() -> None:
    manifest = parse_manifest(b"version: 1\nservices: [{name: api, paths: [api]}]", file="f")
    assert find_service_for(manifest, "web/uv.lock") is None


def test_declaration_has_the_shape_of_a_service() -> None:
    document = {
        "name": "shop",
        "exposure": "internal",
        "features": [{"name": "r", "flag": "r", "safe": False, "covers": ["src"]}],
        "plans": [{"id": "p", "when": "true", "do": [{"action": "flag.off", "feature": "r"}], "coverage": "partial"}],
    }
    service = parse_declaration(document)
    assert (service.name, service.reach, service.features[0].safe) == ("shop", "internal", "false")
    assert service.plans[0].steps == (Step("flag.off", (("feature", "r"),)),)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "#: `name` is missing"),
        ({"name": "shop", "tam": "x"}, "#/tam: unknown key `tam`"),
        ({"name": "shop", "plans": [{"id": "p", "when": 1, "do": []}]}, "#/plans/0/when: expected a CEL expression"),
        ({"name": "a\nb"}, "#/name: expected a name"),
        ({"name": "shop\n"}, "#/name: expected a name"),
        ({"name": "sh\x1b[31mop"}, "#/name: a text with a control character: U+001B"),
        ({"name": "shop", "paths": ["../x"]}, "#/paths/0: the path `../x` leads out of the repository"),
        ({"name": "shop", "drills": [{"plan": "x", "every": "7d"}]}, "#/drills/0/plan: there is no plan `x` to drill"),
        ({"a/b~c": 1, "name": "x"}, "#/a~1b~0c: unknown key `a/b~c`"),
        ({"name": "shop", "tier": True}, "#/tier: expected a number from 1"),
    ],
)
def test_mistake_in_a_declaration_names_its_json_pointer(document: dict[str, object], problem: str) -> None:
    with pytest.raises(ManifestProblems) as caught:
        parse_declaration(document)
    assert any(str(one).startswith(problem) for one in caught.value.problems), str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "plans", "do", "id", "x"]), inner)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "team", "tier", "paths", "features", "plans", "drills", "?"]), _JSON))
def test_any_json_gives_a_declaration_or_an_error_with_pointers(document: dict[str, object]) -> None:
    try:
        name = parse_declaration(document).name
    except ManifestProblems as error:
        name = error.problems[0].where
    assert name


def test_declaration_nested_without_end_is_refused() -> None:
    document: dict[str, object] = {"name": "shop"}
    for _ in range(5000):
        document = {"plans": [document]}
    with pytest.raises(ManifestError, match="nested over 24 levels deep"):
        parse_declaration(document)
