"""Flags as they are defined and served."""

import json
from collections.abc import Iterator

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ConflictError, PlanError
from holdfast.loop.flags import define_flag, find_flag, list_flags
from holdfast.mitigations.evaluation import Evaluated, NotEvaluated
from holdfast.model.flag import Overlay
from holdfast.model.tenancy import Org
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, open_shop

NOBODY = EvaluationContext()
OFF_ON = ON_OFF.replace('"defaultVariant": "on"', '"defaultVariant": "off"')


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def hold(shop: Shop, name: str = "ovl_1", flag: str = "tax", variant: str = "off") -> None:
    with shop.write() as tx:
        tx.overlays.save(Overlay(ORG, name, ENVIRONMENT, flag, variant, "test", None, shop.clock.now()))


def test_defined_flag_is_served_at_once(shop: Shop) -> None:
    assert shop.served() == "on"
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "tax", OFF_ON, T0)
    assert shop.served() == "off"


def test_definition_is_kept_to_the_bit(shop: Shop) -> None:
    text = ' {"variants":{"ä\\u0000":1},\n"state":"ENABLED"}\t'
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "odd", text, T0)
    with shop.store.read(ORG) as tx:
        stored = tx.flags.find(ENVIRONMENT, "odd")
    assert stored is not None
    assert stored.definition == text


def test_same_definition_again_changes_nothing(shop: Shop) -> None:
    before = (shop.kinds(), shop.server.revision(ORG, ENVIRONMENT))
    with shop.write() as tx:
        assert define_flag(tx, ENVIRONMENT, "tax", ON_OFF, T0).version == 1
    assert (shop.kinds(), shop.server.revision(ORG, ENVIRONMENT)) == before


def test_new_definition_is_a_new_version_in_the_journal(shop: Shop) -> None:
    with shop.write() as tx:
        assert define_flag(tx, ENVIRONMENT, "tax", OFF_ON, T0, actor="tok_1").version == 2
    with shop.store.read(ORG) as tx:
        body = json.loads(list(tx.journal.read())[-1].body)
    assert (body["flag"], body["version"], body["by"]) == ("tax", 2, "tok_1")


def test_definition_that_is_not_valid_changes_nothing(shop: Shop) -> None:
    with pytest.raises(PlanError, match="flag tax"), shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "tax", '{"state": "ENABLED"}', T0)
    assert shop.served() == "on"


def test_variant_that_an_overlay_forces_cannot_be_taken_away(shop: Shop) -> None:
    hold(shop)
    with pytest.raises(ConflictError, match="ovl_1 forces variant `off`"), shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "tax", '{"state": "ENABLED", "variants": {"on": true}}', T0)
    assert shop.served() == "off"


def test_flag_stays_forced_when_it_is_defined_anew(shop: Shop) -> None:
    hold(shop)
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF + " ", T0)
    assert shop.served() == "off"


def test_list_shows_what_holds_a_flag_and_what_is_served(shop: Shop) -> None:
    hold(shop)
    with shop.store.read(ORG) as tx:
        (view,) = list_flags(tx, ENVIRONMENT)
    assert [one.id for one in view.overlays] == ["ovl_1"]
    assert view.served == Evaluated("tax", False, "off", "STATIC")
    assert view.definition.definition == ON_OFF


def test_one_flag_is_shown_as_in_the_list(shop: Shop) -> None:
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "vat", ON_OFF, T0)
        tx.overlays.save(Overlay(ORG, "ovl_1", ENVIRONMENT, "tax", "off", "test", None, T0))
        views = [find_flag(tx, ENVIRONMENT, key) for key in ("tax", "vat")]
        assert views == list(list_flags(tx, ENVIRONMENT))
        assert find_flag(tx, ENVIRONMENT, "nothing") is None


def test_other_environment_and_org_are_apart(shop: Shop) -> None:
    shop.store.tenants.save_org(Org("org_2", "Other", T0))
    assert shop.server.evaluate_all(ORG, "staging", NOBODY)[0] == ()
    assert shop.server.evaluate_all("org_2", ENVIRONMENT, NOBODY)[0] == ()
    assert len(shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)[0]) == 1


def test_flag_defined_after_it_was_asked_for_is_found(shop: Shop) -> None:
    assert isinstance(shop.server.evaluate_one(ORG, ENVIRONMENT, "vat", NOBODY), NotEvaluated)
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "vat", ON_OFF, T0)
    assert shop.served("vat") == "on"


def test_etag_stays_until_a_value_changes(shop: Shop) -> None:
    first = shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)[1]
    with shop.write() as tx:
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF + "\n", T0)
    assert shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)[1] == first
    hold(shop)
    assert shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)[1] != first
    with shop.write() as tx:
        tx.overlays.lift("ovl_1", T0)
    assert shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)[1] == first


def test_hundred_kills_in_a_row_compile_a_hundred_evaluators(shop: Shop) -> None:
    with shop.write() as tx:
        for number in range(200):
            define_flag(tx, ENVIRONMENT, f"f{number}", ON_OFF, T0)
    shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)
    before = shop.server.compiled
    for number in range(100):
        hold(shop, f"ovl_{number}", f"f{number}")
        assert shop.served(f"f{number}") == "off"
    values, _ = shop.server.evaluate_all(ORG, ENVIRONMENT, NOBODY)
    assert sum(isinstance(value, Evaluated) and value.value is False for value in values) == 100
    assert shop.server.compiled - before == 100
