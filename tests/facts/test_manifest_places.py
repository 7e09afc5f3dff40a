"""A manifest's flags are found with the places where they are named."""

from holdfast.facts.manifest_places import DeclaredFlag, PlannedFlag, find_flags
from tests.facts.manifest_texts import FULL, GOOD


def test_features_and_steps_name_flags() -> None:
    assert find_flags(GOOD.encode(), file="a:b.yaml") == (
        [DeclaredFlag("shop", "receipts", "shop.receipts", "off", "a:b.yaml", 10, 15)],
        [PlannedFlag("shop", "receipts-off", "shop.receipts", "a:b.yaml", 16, 39)],
    )


def test_step_that_names_a_feature_means_its_flag() -> None:
    text = GOOD.replace("flag: shop.receipts}]", "feature: receipts}]")
    assert find_flags(text.encode(), file="f")[1] == [PlannedFlag("shop", "receipts-off", "shop.receipts", "f", 16, 42)]


def test_probe_of_a_flag_names_it_as_well() -> None:
    planned = find_flags(FULL.encode(), file="f")[1]
    assert [(one.plan, one.flag, one.line) for one in planned] == [
        ("careful", "shop.receipts", 9),
        ("careful", "shop.receipts", 17),
    ]
