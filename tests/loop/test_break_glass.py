"""Forcing a flag past everything: in the store, and beside it while it is away."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.loop.break_glass import (
    GENESIS,
    SpooledOverlays,
    force_flag,
    lift_force,
    merge_spool,
    name_spool,
    note_problems,
    parse_spool,
    write_line,
)
from holdfast.loop.pausing import pause
from holdfast.model.flag import Overlay
from tests.loop.shop import ENVIRONMENT, ORG, T0, Shop, make_exposure, open_shop

FIELDS = {
    "org": ORG,
    "environment": ENVIRONMENT,
    "flag": "tax",
    "variant": "off",
    "reason": "it is being exploited",
    "by": "tok_1",
}


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    with open_shop(url=store_url) as opened:
        yield opened


def spool_of(*variants: str) -> str:
    """Return a spool with a line for each variant."""
    text = ""
    for number, variant in enumerate(variants):
        at = T0 + timedelta(seconds=number)
        text += write_line(parse_spool(text).last_hash, {**FIELDS, "variant": variant}, at)
    return text


def test_forced_flag_is_served_at_once_and_everybody_is_told(shop: Shop) -> None:
    with shop.write() as tx:
        pause(tx, True, "per_9", "an outage", T0)
        overlay = force_flag(tx, ENVIRONMENT, "tax", "off", "it burns", "per_1", T0, shop.ids)
        message = tx.outbox.get(f"{overlay.id}/break-glass")
    assert shop.served() == "off"
    assert (message.to, "it burns" in message.body) == ("*", True)
    assert "flag.break_glass" in shop.kinds()


def test_lifted_force_brings_the_flag_back_and_twice_is_once(shop: Shop) -> None:
    with shop.write() as tx:
        overlay = force_flag(tx, ENVIRONMENT, "tax", "off", "it burns", "per_1", T0, shop.ids)
        lift_force(tx, overlay.id, "per_1", T0)
        lift_force(tx, overlay.id, "per_1", T0)
    assert shop.served() == "on"
    assert shop.kinds().count("flag.break_glass_lifted") == 1


def test_what_a_run_laid_is_taken_back_with_the_run(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    shop.engine().step(ORG)
    with shop.write() as tx:
        (laid,) = tx.overlays.of_run(run.id)
        with pytest.raises(ConflictError, match=f"run {run.id} laid"):
            lift_force(tx, laid.id, "per_1", T0)
        with pytest.raises(NotFoundError):
            lift_force(tx, "ovl_none", "per_1", T0)


def test_what_is_not_there_is_not_forced(shop: Shop) -> None:
    with shop.write() as tx:
        with pytest.raises(NotFoundError, match="no flag `none`"):
            force_flag(tx, ENVIRONMENT, "none", "off", "x", "per_1", T0, shop.ids)
        with pytest.raises(ConflictError, match="no variant `purple`"):
            force_flag(tx, ENVIRONMENT, "tax", "purple", "x", "per_1", T0, shop.ids)
        with pytest.raises(UsageError, match="needs a reason"):
            force_flag(tx, ENVIRONMENT, "tax", "off", " ", "per_1", T0, shop.ids)


def test_lines_follow_each_other() -> None:
    spool = parse_spool(spool_of("off", "on", "off"))
    assert ([one.variant for one in spool.entries], spool.problems) == (["off", "on", "off"], ())
    assert all(one.chained for one in spool.entries)
    assert parse_spool("") == parse_spool("\n\n")
    assert parse_spool("").last_hash == GENESIS


def test_cut_out_line_is_told_and_the_others_count() -> None:
    first, _, third = spool_of("off", "on", "off").splitlines(keepends=True)
    spool = parse_spool(first + third)
    assert ([one.chained for one in spool.entries], len(spool.problems)) == ([True, False], 1)
    assert "something between them is missing" in spool.problems[0]
    headless = parse_spool(third)
    assert ([one.chained for one in headless.entries], len(headless.problems)) == ([False], 1)


def test_changed_line_forces_nothing_and_is_told() -> None:
    text = spool_of("off").replace('"variant": "off"', '"variant": "on"')
    spool = parse_spool(text)
    assert (spool.entries, len(spool.problems)) == ((), 1)
    assert "torn or was changed" in spool.problems[0]


@pytest.mark.parametrize("cut", [1, 40, -2])
def test_torn_last_line_is_told_and_the_next_one_follows_the_last_whole_one(cut: int) -> None:
    first, second = spool_of("off", "on").splitlines(keepends=True)
    torn = first + second[:cut]
    spool = parse_spool(torn)
    assert ([one.variant for one in spool.entries], len(spool.problems)) == (["off"], 1)
    onward = torn + "\n" + write_line(spool.last_hash, FIELDS, T0)
    again = parse_spool(onward)
    assert ([one.chained for one in again.entries], len(again.problems)) == ([True, True], 1)


@given(st.text(max_size=300))
def test_any_text_is_read_without_failing(text: str) -> None:
    spool = parse_spool(spool_of("off") + text)
    assert [one.variant for one in spool.entries][:1] == ["off"]


@given(st.integers(0, 2000), st.binary(max_size=4))
def test_any_damage_is_told_or_harmless(place: int, junk: bytes) -> None:
    whole = spool_of("off", "on").encode()
    broken = (whole[:place] + junk + whole[place + len(junk) :]).decode("utf-8", "replace")
    spool = parse_spool(broken)
    assert broken == whole.decode() or spool.problems or len(spool.entries) == 2


def test_spooled_overlays_are_given_by_org_and_environment() -> None:
    overlays = SpooledOverlays(lambda: spool_of("off"))
    (overlay,) = overlays(ORG, ENVIRONMENT)
    assert (overlay.flag, overlay.variant, overlay.run) == ("tax", "off", None)
    assert overlays("org_2", ENVIRONMENT) == overlays(ORG, "staging") == ()
    assert SpooledOverlays(str)(ORG, ENVIRONMENT) == ()


def merge(shop: Shop, text: str) -> list[Overlay]:
    with shop.write() as tx:
        return merge_spool(tx, parse_spool(text), shop.clock.now())


def test_spool_is_merged_once_with_its_journal(shop: Shop) -> None:
    text = spool_of("off")
    (overlay,) = merge(shop, text)
    assert shop.served() == "off"
    assert merge(shop, text) == []
    with shop.store.read(ORG) as tx:
        (entry,) = [entry for entry in tx.journal.read() if entry.kind == "flag.break_glass"]
        assert json.loads(entry.body)["spooled"] == parse_spool(text).last_hash
        assert [one.id for one in tx.overlays.active(ENVIRONMENT, "tax")] == [overlay.id]


def test_what_was_merged_and_lifted_is_not_forced_by_merging_again(shop: Shop) -> None:
    text = spool_of("off")
    (overlay,) = merge(shop, text)
    with shop.write() as tx:
        lift_force(tx, overlay.id, "per_1", T0)
    assert merge(shop, text) == []
    assert shop.served() == "on"


class BrokenOffError(Exception):
    """The process ends here."""


def merge_and_crash(shop: Shop, text: str) -> None:
    """Merge, and end before it is committed."""
    with shop.write() as tx:
        merge_spool(tx, parse_spool(text), T0)
        raise BrokenOffError


def test_crash_in_the_middle_of_merging_merges_nothing_or_all(shop: Shop) -> None:
    text = spool_of("off", "off")
    with pytest.raises(BrokenOffError):
        merge_and_crash(shop, text)
    assert shop.served() == "on"
    assert len(merge(shop, text)) == 2
    assert shop.kinds().count("flag.break_glass") == 2


def test_growing_spool_merges_what_is_new_alone(shop: Shop) -> None:
    text = spool_of("off")
    merge(shop, text)
    longer = text + write_line(parse_spool(text).last_hash, {**FIELDS, "reason": "again"}, T0)
    assert [one.reason for one in merge(shop, longer)] == ["again"]


def test_lines_of_another_org_are_left_to_it(shop: Shop) -> None:
    text = write_line(GENESIS, {**FIELDS, "org": "org_2"}, T0)
    assert merge(shop, text) == []


def test_damage_is_journaled_and_told_once_by_its_lines(shop: Shop) -> None:
    text = "torn\n" + spool_of("off") + "torn"
    with shop.write() as tx:
        assert [note_problems(tx, parse_spool(text), name_spool(text), T0) for _ in range(2)] == [True, False]
        assert not note_problems(tx, parse_spool(spool_of("off")), "whole", T0)
        body = tx.outbox.get(f"spool/{name_spool(text)}").body
    assert shop.kinds().count("break_glass.spool") == 1
    assert ("line 1 is torn" in body, "line 3 is torn" in body, f"{name_spool(text)}.merged.jsonl" in body) == (
        True,
    ) * 3
