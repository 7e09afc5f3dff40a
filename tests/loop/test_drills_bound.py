"""A drill that acts uses nothing that could be another environment's."""

import json
from dataclasses import replace

import pytest

from holdfast.loop.drills_bound import find_unbound
from holdfast.loop.drills_inputs import note_configured
from holdfast.model.plan import Plan, ServiceManifest, Step
from holdfast.model.target import Target
from tests.loop.elsewhere import Elsewhere
from tests.loop.shop import ENVIRONMENT, ORG, make_exposure, make_plan, open_shop


def entry(section: str, name: str = "it", environment: str | None = None, service: str | None = None) -> Target:
    return Target(section, name, "any", environment, service, (), "targets.yaml:2:5")


def unbound(plan: Plan, *entries: Target, others: tuple[Plan, ...] = ()) -> list[tuple[str, str]]:
    manifest = ServiceManifest("shop", (), None, 1, "internal", (), (plan, *others), (), 1)
    return list(find_unbound(manifest, plan, "staging", entries))


STEPS = [
    ("http", "http", "target"),
    ("command", "commands", "name"),
    ("deploy.rollback", "deployers", "target"),
    ("deploy.forward", "deployers", "target"),
    ("service.off", "proxies", "proxy"),
    ("edge.block", "proxies", "proxy"),
]


@pytest.mark.parametrize(("action", "section", "argument"), STEPS)
def test_entry_of_every_environment_is_refused_with_its_place(action: str, section: str, argument: str) -> None:
    plan = make_plan(steps=(Step("wait", ()), Step(action, ((argument, "it"),))))
    ((problem, hint),) = unbound(plan, entry(section))
    assert problem == f"step 2 `{action}`: `it` of `{section}` is for every environment; it may be production's"
    assert hint == "give it `environment: staging` (targets.yaml:2:5), or hold the drill at L1"
    assert unbound(plan, entry(section, service="shop")) != []
    assert unbound(plan, entry(section, environment="staging")) == []
    assert unbound(plan, entry(section, environment="staging", service="shop")) == []


@pytest.mark.parametrize(("action", "section", "argument"), STEPS)
def test_target_that_is_not_known_is_not_known_to_be_the_test_environments(
    action: str, section: str, argument: str
) -> None:
    plan = make_plan(steps=(Step(action, ((argument, "it"),)),))
    ((problem, hint),) = unbound(plan, entry(section, environment="production"))
    assert f"`it` of `{section}` for `staging` is not known" in problem
    assert "`environment: staging`" in hint
    assert unbound(plan, entry(section, "other", "staging")) != []


def test_closest_entry_is_the_one_that_counts() -> None:
    plan = make_plan(steps=(Step("service.off", ()),))
    everywhere, here = entry("proxies", "everywhere"), entry("proxies", "here", "staging")
    assert unbound(plan, everywhere, here) == []
    assert "`ours`" in unbound(plan, everywhere, here, entry("proxies", "ours", service="shop"))[0][0]


def test_flags_of_every_environment_are_refused_and_our_own_are_not() -> None:
    assert unbound(make_plan()) == []
    assert unbound(make_plan(), entry("flags", environment="production")) == []
    assert unbound(make_plan(), entry("flags", environment="staging")) == []
    assert "`it` of `flags` is for every environment" in unbound(make_plan(), entry("flags"))[0][0]


def test_plan_that_is_taken_otherwise_is_held_to_it() -> None:
    rung = replace(make_plan(steps=(Step("http", (("target", "it"),)),)), id="second", otherwise="tax-off")
    plan = make_plan(otherwise="second")
    ((problem, _),) = unbound(plan, entry("http"), others=(rung,))
    assert problem.startswith("step 1 of the next plan `second` `http`: `it` of `http`")


def test_steps_that_reach_nothing_outside_are_free() -> None:
    assert unbound(make_plan(steps=(Step("wait", (("for", "1s"),)), Step("approve", ()), Step("probe", ())))) == []


@pytest.mark.parametrize(
    ("drill", "entries", "why_not"),
    [
        ("drl_1", (entry("http", "hook"),), "`hook` of `http` is for every environment; it may be production's"),
        ("drl_1", (entry("http", "hook", "elsewhere"),), "`hook` of `http` for `production` is not known"),
        ("drl_1", (), "`hook` of `http` for `production` is not known"),
        ("drl_1", (entry("http", "hook", ENVIRONMENT),), None),
        (None, (entry("http", "hook"),), None),
    ],
)
def test_the_next_rung_of_a_drill_acts_on_its_environments_own_alone(
    drill: str | None, entries: tuple[Target, ...], why_not: str | None
) -> None:
    first = make_plan(id="first", otherwise="second")
    second = make_plan("approve-1", id="second", when="false", steps=(Step("http", (("target", "hook"),)),))
    with open_shop(first, second) as shop:
        there = Elsewhere()
        there.provider.down = "no answer from unleash"
        with shop.write() as tx:
            note_configured(tx, entries)
        shop.expose(make_exposure(drill=drill))
        shop.engine(targets=there).step(ORG)
        with shop.store.read(ORG) as tx:
            said = [json.loads(entry.body) for entry in tx.journal.read() if entry.kind == "run.trouble"]
            plans = [run.plan.id for run in tx.runs.of_exposures(["exp_000001"])]
    if why_not is None:
        assert (plans, said) == (["first", "second"], [])
    else:
        assert plans == ["first"]
        assert [one["because"] for one in said] == [
            f"Its next plan `second` must not act in a drill: step 1 `http`: {why_not}."
        ]
