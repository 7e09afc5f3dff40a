"""What a process is told: options first, then the environment, then defaults."""

from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.app.settings import PUBLIC_EPSS, PUBLIC_FEED, PUBLIC_KEV, read_settings
from holdfast.errors import UsageError

DATA = Path("data")


def test_the_published_sources_are_the_default() -> None:
    settings = read_settings(DATA, environ={})
    assert (settings.feed, settings.database) == (PUBLIC_FEED, "data/holdfast.db")
    assert settings.enrichments == {"kev": PUBLIC_KEV, "epss": PUBLIC_EPSS}
    assert settings.feed_max_age == timedelta(hours=24)


def test_an_option_stands_above_the_environment() -> None:
    environ = {"HOLDFAST_FEED": "osv", "HOLDFAST_DATABASE": "postgresql://db.example/holdfast"}
    assert read_settings(DATA, environ=environ).feed == "osv"
    told = read_settings(DATA, database="other.db", feed="here", environ=environ)
    assert (told.feed, told.database) == ("here", "other.db")
    assert read_settings(DATA, environ=environ).database == "postgresql://db.example/holdfast"


def test_none_is_no_source_at_all() -> None:
    environ = {f"HOLDFAST_{name}": "none" for name in ("FEED", "KEV", "EPSS", "SSVC")}
    settings = read_settings(DATA, environ=environ)
    assert settings.feed is None
    assert settings.enrichments == {}
    assert read_settings(DATA, environ={"HOLDFAST_SSVC": "ssvc.json"}).enrichments["ssvc"] == "ssvc.json"


@pytest.mark.parametrize("text", ["a day", "", "-1", "nan", "inf", "1e999"])
def test_an_age_that_is_no_number_of_hours_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="HOLDFAST_FEED_MAX_AGE"):
        read_settings(DATA, environ={"HOLDFAST_FEED_MAX_AGE": text})


def test_public_address_is_taken_without_its_last_slash() -> None:
    assert read_settings(DATA, environ={}).public_url is None
    assert read_settings(DATA, environ={"HOLDFAST_URL": "https://holdfast.example/"}).public_url == (
        "https://holdfast.example"
    )


@pytest.mark.parametrize("text", ["holdfast.example", "javascript:alert(1)", "https://a b", "https://ä.example"])
def test_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HOLDFAST_URL"):
        read_settings(DATA, environ={"HOLDFAST_URL": text})


def test_traces_are_kept_for_ninety_days_or_as_long_as_it_says() -> None:
    assert read_settings(DATA, environ={}).keep == timedelta(days=90)
    assert read_settings(DATA, environ={"HOLDFAST_KEEP_DAYS": "7"}).keep == timedelta(days=7)


@pytest.mark.parametrize("text", ["0", "-1", "ninety", "1.5", "99999999999"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HOLDFAST_KEEP_DAYS"):
        read_settings(DATA, environ={"HOLDFAST_KEEP_DAYS": text})
