"""What was there before a change, and in whose folders."""

from dataclasses import replace

from holdfast.gate.before import Before
from holdfast.model.component import Location
from holdfast.model.finding import Finding
from tests.gate.findings import finding

SHARED = (("", "site"), ("services/pay", "pay"), ("services/pay/worker", "pay"), ("services/pay-old", "old"))


def at(*files: str) -> Finding:
    return replace(finding(), places=tuple(Location(file, 3) for file in files))


def test_what_reaches_another_services_folder_is_new_there() -> None:
    before = Before([at("services/pay/requirements.txt")], SHARED)
    assert before.has(at("services/pay/deep/other.txt"))
    assert before.has(at("services/pay/worker/requirements.txt")), "two folders of one service"
    assert not before.has(at("services/pay-old/requirements.txt"))
    assert not before.has(at("requirements.txt"))
    assert not before.has(at("services/pay/requirements.txt", "requirements.txt"))


def test_a_file_that_a_service_names_is_its_place() -> None:
    before = Before([at("lib/web.txt")], (("lib", "web"), ("lib/pay.txt", "pay")))
    assert before.has(at("lib/other.txt"))
    assert not before.has(at("lib/pay.txt"))


def test_one_service_is_one_place_wherever_its_folders_are() -> None:
    one = Before([at("a/requirements.txt")], (("a", "pay"), ("b", "pay")))
    assert one.has(at("b/requirements.txt"))
    assert Before([at("a/requirements.txt")]).has(at("b/requirements.txt"))


def test_what_has_no_place_is_compared_with_what_lies_in_no_service() -> None:
    assert Before([at()], (("a", "one"), ("b", "two"))).has(at("README"))
