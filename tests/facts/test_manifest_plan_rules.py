"""What contradicts itself in a plan is named with its place, and what to try."""

import pytest

from holdfast.facts.manifest import ManifestProblems, parse_declaration, parse_manifest
from tests.facts.manifest_texts import FULL


def problems_of(text: str) -> list[tuple[str, str, str | None]]:
    with pytest.raises(ManifestProblems) as caught:
        parse_manifest(text.encode(), file="f")
    return [(one.where.removeprefix("f:"), one.message, one.hint) for one in caught.value.problems]


def bent(old: str, new: str) -> str:
    assert FULL.count(old) == 1, f"{old!r} stands {FULL.count(old)} times"
    return FULL.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: off,", "id: tell,", "9:36 the step `tell` stands here a second time"),
        ("id: tell,", "id: 1st,", "8:34 expected a name that begins with a letter"),
        ("after: [tell, off]", "after: [tel, off]", "10:42 there is no step `tel` to wait for"),
        ("after: off,", "after: later,", "11:35 there is no step `later` to wait for"),
        ("after: off,", "after: 3,", "11:35 expected the `id` of a step, or a list of them, got a number `3`"),
        ("attempts: 5", "attempts: 0", "9:83 expected a number from 1 to 20, got a number `0`"),
        ("attempts: 5", "attempts: many", "9:83 expected a number from 1 to 20, got `many`"),
        ("backoff: 500ms", "backoff: 2h", "9:95 `backoff` of 2h"),
        ("deadline: 2m", "deadline: 0s", "9:112 `deadline` of 0s"),
        ("tcp: {address: ", "tcp: {addres: ", "15:19 unknown key `addres`"),
        ('"{target}:5432"', '"{target}:70000"', "15:28 there is no port 70000"),
        ('"{target}:5432"', '"{target}"', "15:28 expected an address like `shop.internal:5432`, got `{target}`"),
        ('"http://{target}:8000/receipt"', '"http://{host}:8000/"', "14:25 nothing fills `{host}` in"),
        ("variant: off}", "}", "17:19 `variant` is missing"),
        ("above: 0.5, below: 1e3, ", "", "18:25 a query without anything expected of its value"),
        ("above: 0.5", "above: most", "18:51 expected a number, got `most`"),
        ("- flag: {flag", "- flg: {flag", "17:13 unknown key `flg`"),
        ("production: approve-2", "production: approve-3", "19:50 expected `observe`, `suggest`, `approve-1`"),
        ("otherwise: down", "otherwise: dwn", "20:20 there is no plan `dwn` to take otherwise"),
        ("otherwise: down", "otherwise: careful", "20:20 the plan `careful` names itself as its next rung"),
        ("on_failure: keep", "on_failure: retry", "21:21 expected `undo` or `keep`, got `retry`"),
        ("        expires: 12h\n", "", "22:20 `on_expiry: revert` of a plan that never expires"),
        ("expires: 12h", "expires: 0s", "22:18 `expires` of 0s"),
        ("expires: 12h", "expires: 2m", "22:18 it expires after 2m, before its probes have had their 195 s"),
        ("on_expiry: revert", "on_expiry: ask", "23:20 expected `confirm` or `revert`, got `ask`"),
        (", expect: {status: 204}", "", "24:25 a health probe that expects nothing"),
        ("health_for: 5m", "health_for: 2d", "25:21 `health_for` of 2d"),
        ("max_share: 25%", "max_share: 0", "26:20 expected a share above 0 and up to 1, like `0.25` or `25%`"),
        ("max_share: 25%", "max_share: 25", "26:20 expected a share above 0 and up to 1, like `0.25` or `25%`"),
        ("max_share: 25%", "max_share: 101%", "26:20 a share of 101%"),
        ("max_share: 25%", "max_share: 0%", "26:20 a share of 0%"),
        ("max_share: 25%", "max_share: half", "26:20 expected a share above 0 and up to 1, like `0.25` or `25%`"),
        ("cooldown: 30m", "cooldown: soon", "27:19 expected a duration like"),
        ("level: L2", "level: L3", "29:48 expected `L0`, `L1` or `L2`, got `L3`"),
    ],
)
def test_mistake_names_line_and_column(old: str, new: str, problem: str) -> None:
    found = [f"{where} {message}" for where, message, _ in problems_of(bent(old, new))]
    assert any(one.startswith(problem) for one in found), found


def test_level_of_old_says_what_is_there_instead() -> None:
    assert (problems_of(bent("level: L2", "level: L3"))[0][2] or "").startswith("no drill acts in production")


def test_near_name_is_suggested() -> None:
    assert problems_of(bent("after: [tell, off]", "after: [tel, off]"))[0][2] == "did you mean `tell`?"
    assert problems_of(bent("otherwise: down", "otherwise: dwn"))[0][2] == "did you mean `down`?"


def steps(*texts: str) -> str:
    return f"version: 1\nservices:\n- name: s\n  plans:\n  - {{id: p, when: 'true', do: [{', '.join(texts)}]}}\n"


@pytest.mark.parametrize(
    ("texts", "circle"),
    [
        (("{action: a, id: a, after: b}", "{action: b, id: b, after: a}"), "`a` → `b` → `a`"),
        (("{action: a, id: a, after: b}", "{action: b, id: b}"), "`a` → `b` → `a`"),
        (("{action: a, id: a, after: a}",), "`a` → `a`"),
        (
            ("{action: a, id: a, after: c}", "{action: b}", "{action: c, id: c}"),
            "`a` → `c` → `step 2` → `a`",
        ),
    ],
)
def test_steps_in_a_circle_are_said_in_their_order(texts: tuple[str, ...], circle: str) -> None:
    (_, message, hint) = problems_of(steps(*texts))[0]
    shown = message.removeprefix("steps that wait for each other: ").split(" → ")
    wanted = circle.split(" → ")
    turns = [[*wanted[at:-1], *wanted[:at], wanted[at]] for at in range(len(wanted) - 1)]
    assert shown in turns
    assert hint == "a step without `after` waits for the one before it"


def test_steps_that_wait_for_nothing_in_a_circle_are_in_order() -> None:
    text = steps("{action: a, id: a, after: []}", "{action: b, id: b, after: []}", "{action: c, after: [b, a]}")
    assert parse_manifest(text.encode(), file="f").services[0].plans[0].steps[2].after == ("b", "a")


def test_rungs_in_a_circle_are_said_once() -> None:
    plans = [
        {"id": one, "when": "true", "do": [{"action": "x"}], "otherwise": other} for one, other in ("ab", "bc", "cb")
    ]
    with pytest.raises(ManifestProblems) as caught:
        parse_declaration({"name": "shop", "plans": plans})
    (problem,) = caught.value.problems
    assert problem.message in {
        f"plans that name each other as their next rung: {shown}" for shown in ("`b` → `c` → `b`", "`c` → `b` → `c`")
    }
    assert problem.where.endswith("/otherwise")


def test_probe_is_of_one_kind() -> None:
    found = problems_of(bent("- flag: {flag", "- tcp: {address: 'a:1'}\n            flag: {flag"))
    assert found[0][1] == "expected one of `http`, `tcp`, `command`, `flag` and `prometheus`, got a mapping"


def test_expiry_may_be_as_long_as_the_probes_take() -> None:
    text = bent("expires: 12h", "expires: 195s")
    assert parse_manifest(text.encode(), file="f").services[0].plans[0].expires_s == 195.0
