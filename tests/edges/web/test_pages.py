"""Pages as they are answered: what they say, to whom, and what they never let through."""

import json
import re
from datetime import timedelta

import pytest

from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import register_release
from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
from holdfast.loop.tokens import SESSION_COOKIE
from holdfast.loop.vex_documents import read_named, set_vex
from holdfast.model.component import Component, Occurrence, Sbom
from holdfast.model.tenancy import Permission
from tests.edges.web.conftest import Visitor, visit
from tests.edges.web.estate import HOSTILE, Estate, advisory, sbom

PAGES = ("/", "/map", "/exposures", "/exposures/exp_000009", "/figures", "/figures?by=team")


def exposed_id(visitor: Visitor) -> str:
    """Return the id of the exposure in production-eu."""
    found = re.search(r'href="/exposures/(exp_\d+)"', visitor.get("/exposures?environment=production-eu"))
    assert found
    return found[1]


def test_now_answers_in_a_sentence(visitor: Visitor) -> None:
    page = visitor.get("/")
    heading = re.sub(r"<[^>]+>|\s+", " ", page[page.index("<h1") : page.index("</h1>")])
    assert re.sub(r"\s+", " ", heading).strip() == "Exposed. orders-api in production-eu, for 3 min 12 s ."


def test_now_shows_running_clocks_from_the_store(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert 'data-since="2026-03-09T14:02:41Z" data-as="face">00:02:31</time>' in page
    assert "<b>41 s</b>" in page


def test_now_offers_the_one_safe_action_with_what_it_would_do(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert "Turn orders.receipts off</button>" in page
    assert "variant on" in page
    assert "variant off" in page
    assert "never rehearsed" in page


def test_now_never_shows_unknown_as_fine(visitor: Visitor) -> None:
    page = visitor.get("/")
    cell = page[page.index("mailer in production-eu") : page.index("mailer in production-us")]
    assert "unknown" in cell
    assert "no SBOM" in cell
    assert "Debian:12: no feed was synced for it" in page


def test_empty_installation_says_what_to_do_next(newcomer: Visitor) -> None:
    page = newcomer.get("/")
    assert "Nothing runs yet" in page
    assert all(command in page for command in ("holdfast demo", "holdfast scan", "holdfast release", "holdfast deploy"))
    assert "Fine." not in page


def test_demo_button_stands_where_there_is_one_to_play() -> None:
    for visitor in visit(Estate(), play_demo=list):
        assert "Play the demo</button>" in visitor.get("/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_an_empty_installation_answer(newcomer: Visitor, path: str) -> None:
    status = 404 if "exp_" in path else 200
    assert "<main" in newcomer.get(path, status)


@pytest.mark.parametrize("path", PAGES)
def test_pages_carry_strict_headers_and_nothing_inline(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_stranger_sees_how_to_get_in_and_nothing_else(visitor: Visitor, path: str) -> None:
    visitor.client.cookies.clear()
    page = visitor.get(path, 401)
    assert "Sign in" in page
    assert "orders-api" not in page


def test_session_of_a_token_that_may_not_read_sees_nothing(visitor: Visitor) -> None:
    visitor.client.cookies.delete(SESSION_COOKIE)
    visitor.become(Permission.FACTS_WRITE)
    page = visitor.get("/", 403)
    assert "lacks <code>read</code>" in page
    assert "orders-api" not in page


def test_session_that_may_only_look_gets_no_buttons(visitor: Visitor) -> None:
    visitor.client.cookies.delete(SESSION_COOKIE)
    visitor.become(Permission.READ)
    page = visitor.get("/")
    assert "Your session may look, and not act." in page
    assert 'method="post"' not in page


def test_another_org_has_no_such_exposure(visitor: Visitor) -> None:
    identifier = exposed_id(visitor)
    for stranger in visit(Estate()):
        assert "there is no exposure" in stranger.get(f"/exposures/{identifier}", 404)


def test_exposure_page_has_evidence_plan_fix_and_journal(visitor: Visitor) -> None:
    page = visitor.get(f"/exposures/{exposed_id(visitor)}")
    for words in ("requirements.txt:1", "acme-pdf==1.4.2", "pip-compile", "run planned", "CVE-2026-0117", "Evidence"):
        assert words in page


def test_exposure_page_draws_three_lanes(visitor: Visitor) -> None:
    page = visitor.get(f"/exposures/{exposed_id(visitor)}")
    drawing = page[page.index('<svg class="lanes"') :]
    assert [name for name in ("Detect", "Mitigate", "Repair") if f">{name}</text>" in drawing] == [
        "Detect",
        "Mitigate",
        "Repair",
    ]
    assert "matched 41 s after it could be seen" in drawing


def test_list_shows_live_ones_first_and_resolved_ones_when_asked(visitor: Visitor) -> None:
    assert "2 exposures, by rank" in visitor.get("/exposures")
    assert "8 exposures, by rank" in visitor.get("/exposures?state=resolved")


def test_list_filters_come_from_the_address(visitor: Visitor) -> None:
    assert "1 exposure, by rank" in visitor.get("/exposures?environment=production-us&state=mitigated")
    assert "No exposure matches." in visitor.get("/exposures?min_severity=9.9")
    assert "expected any of" in visitor.get("/exposures?state=sideways", 400)
    assert "from 0 to 10" in visitor.get("/exposures?min_severity=nan", 400)


def test_list_of_a_service_that_cannot_be_judged_says_so(visitor: Visitor) -> None:
    page = visitor.get("/exposures?service=mailer")
    assert "mailer 1.0.7 came without an SBOM" in page
    assert "That is no proof" in page
    assert "no feed was synced for it" in visitor.get("/exposures?service=builder-1&environment=hosts")


def test_search_finds_services_and_hosts_by_name(visitor: Visitor) -> None:
    page = visitor.get("/exposures?text=builder")
    assert "1 service or host of that name" in page
    assert "builder-1" in page


def test_list_goes_on_page_by_page() -> None:
    estate = Estate()
    estate.environments()
    packages = [(f"pkg-{number:03d}", "1.0") for number in range(60)]
    estate.release("catalog", "1", sbom(*packages))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="1"))
    estate.clock.tick(3600)
    for name, _ in packages:
        estate.push(advisory(f"HF-{name}", name, "2.0"))
    for visitor in visit(estate):
        first = visitor.get("/exposures?service=catalog")
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following
        second = visitor.get(following[1].replace("&amp;", "&"))
        shown = [set(re.findall(r'<tr id="e-(exp_\d+)"', page)) for page in (first, second)]
        assert [len(one) for one in shown] == [50, 10]
        assert not shown[0] & shown[1]
        assert "service=catalog" in following[1]


def test_map_as_of_an_instant_shows_what_ran_then(visitor: Visitor) -> None:
    then = visitor.get("/map?as_of=2026-03-05T12:00:00")
    assert "What ran where" in then
    assert "catalog in production-eu" not in then
    assert "orders-api in production-eu: fine, 2.14.0" in then
    assert "catalog in production-eu: fine, 8.1.3" in visitor.get("/map")


def test_list_as_of_an_instant_shows_the_states_of_then(visitor: Visitor) -> None:
    moment = "2026-03-09T14:02:41Z"
    page = visitor.get(f"/exposures?as_of={moment}&environment=production-us")
    assert 'class="tag exposed"' in page
    assert 'class="tag mitigated"' not in page


@pytest.mark.parametrize("path", ["/map", "/exposures"])
def test_as_of_refuses_the_future_and_nonsense(visitor: Visitor, path: str) -> None:
    assert "future" in visitor.get(f"{path}?as_of=2036-01-01T00:00:00Z", 400)
    assert "RFC 3339" in visitor.get(f"{path}?as_of=yesterday", 400)


def test_hostile_names_are_text() -> None:
    estate = Estate()
    estate.environments()
    escape = "\u202etxt.exe"
    estate.release("catalog", HOSTILE, sbom((HOSTILE, "1.0")))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version=HOSTILE))
    estate.clock.tick(60)
    estate.push(advisory("HF-1", HOSTILE, "2.0", summary=f"<b>bold</b> {escape} \x1b[31m"))
    for visitor in visit(estate):
        for path in ("/", "/map", "/exposures", "/exposures/exp_000001", f"/exposures?text={HOSTILE}"):
            page = visitor.get(path)
            assert "<script>alert" not in page
            assert "<b>bold</b>" not in page
            assert "\u202e" not in page
            assert "\x1b" not in page


def test_what_a_distribution_will_not_fix_says_so_and_is_found() -> None:
    estate = Estate()
    estate.environments()
    library = Component("Debian:12", "openssl", "3.0.1-1", qualifiers=(("distro", "debian-12"),))
    composition = Sbom((Occurrence(library, (), None),))
    estate.turn(register_release, ReleaseRequest("catalog", "1", sbom=composition))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="1"))
    estate.clock.tick(60)
    record = advisory("DEBIAN-CVE-2026-7")
    record["affected"] = [
        {
            "package": {"ecosystem": "Debian:12", "name": "openssl"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            "ecosystem_specific": {"urgency": "end-of-life"},
        }
    ]
    estate.push(record)
    for visitor in visit(estate):
        found = visitor.get("/exposures?package_state=end_of_life")
        assert "1 exposure, by rank" in found
        assert "Debian maintains it no more" in found
        assert "No exposure matches." in visitor.get("/exposures?package_state=fixed")
        page = visitor.get("/exposures/exp_000001")
        assert "Its distribution says" in page
        assert "There will be none: Debian maintains it no more." in page


def test_what_a_document_clears_stays_in_the_list_and_says_why() -> None:
    estate = Estate()
    estate.environments()
    estate.release("catalog", "1", sbom(("acme-pdf", "1.0")))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="1"))
    estate.clock.tick(60)
    statement = {
        "vulnerability": {"name": "HF-2026-0117"},
        "products": [{"@id": "pkg:pypi/acme-pdf@1.0"}],
        "status": "not_affected",
        "impact_statement": HOSTILE,
    }
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vex.example/1", "author": HOSTILE}
    document = head | {"timestamp": "2025-01-01T00:00:00Z", "version": 1, "statements": [statement]}
    kept = estate.turn(set_vex, read_named("vendor", json.dumps(document)))
    estate.push(advisory())
    for visitor in visit(estate):
        found = visitor.get("/exposures")
        assert "1 exposure, by rank" in found
        assert "VEX: not affected" in found
        assert "1 exposure, by rank" in visitor.get("/exposures?state=cleared")
        page = visitor.get("/exposures/exp_000001")
        for words in ("Cleared.", "What VEX says", kept.digest, "cleared by a VEX document", "cleared after"):
            assert words in page
        assert "<script>alert" not in page
        assert "cleared by VEX" in visitor.get("/map")


def test_problem_page_keeps_hostile_words_inert(visitor: Visitor) -> None:
    page = visitor.get("/exposures/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404)
    assert "<script>alert" not in page


def test_static_files_are_served_with_their_type(visitor: Visitor) -> None:
    page = visitor.get("/")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = visitor.client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}


def test_static_files_stay_within_their_folder(visitor: Visitor) -> None:
    assert visitor.client.get("/static/../render.py").status_code == 404
    assert visitor.client.get("/static/%2e%2e/render.py").status_code == 404


def test_pages_name_times_exactly(visitor: Visitor) -> None:
    for attributes in re.findall(r"<time ([^>]+)>", visitor.get("/")):
        assert re.search(r'datetime="\d{4}-\d\d-\d\dT[\d:.]+Z"', attributes)
        assert "title=" in attributes


def test_navigation_names_pages_that_exist(visitor: Visitor) -> None:
    page = visitor.get("/")
    navigation = page[page.index("<nav") : page.index("</nav>")]
    assert [visitor.client.get(path).status_code for path in re.findall(r'href="([^"]+)"', navigation)] == [200] * 8


def test_memory_of_figures_follows_the_journal(visitor: Visitor) -> None:
    assert "10 exposures, 1 still open" in visitor.get("/")
    visitor.estate.clock.tick(60)
    visitor.estate.release("orders-api", "2.15.0", sbom(("acme-pdf", "1.4.2")))
    visitor.estate.turn(record_deployment, DeploymentRequest("production-eu", "orders-api", version="2.15.0"))
    assert "10 exposures, 0 still open" in visitor.get("/")


def test_session_ends_with_its_time(visitor: Visitor) -> None:
    visitor.estate.clock.set(visitor.estate.clock.now() + timedelta(hours=13))
    assert "Sign in" in visitor.get("/", 401)


def test_browser_that_asks_for_an_icon_by_itself_is_led_to_it(visitor: Visitor) -> None:
    visitor.client.cookies.clear()
    answer = visitor.client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_now_shows_the_last_incident_where_nothing_is_live() -> None:
    estate = Estate()
    estate.environments()
    for version, fixed in (("1", "1.0"), ("2", "2.0")):
        estate.release("catalog", version, sbom(("old", fixed)))
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="1"))
    estate.clock.tick(60)
    estate.push(advisory("HF-1", "old", "2.0"))
    estate.clock.tick(60)
    estate.turn(record_deployment, DeploymentRequest("staging", "catalog", version="2"))
    for visitor in visit(estate):
        page = visitor.get("/")
        assert "Last incident:" in page
        assert "the fix came first after 1 min" in page
