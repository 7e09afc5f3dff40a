"""Secrets of a data folder: readable by its owner alone, whole or not there."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.house import open_house
from holdfast.app.secrets import keep_database, load_signing_key, write_secret
from holdfast.app.settings import Settings, read_settings
from holdfast.errors import HoldfastError
from holdfast.model.tenancy import Permission


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(tmp_path / "data", feed="none", environ={})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_gets_its_secrets_once(settings: Settings) -> None:
    house = open_house(settings)
    first, key = house.admin_token, house.signing_key
    assert house.authenticate(first).permissions == {Permission.ADMIN}
    house.close()
    again = open_house(settings)
    assert (again.admin_token, again.signing_key) == (first, key)
    again.close()
    assert mode(settings.data) == 0o700
    assert mode(settings.token_file) == mode(settings.key_file) == 0o600
    assert mode(settings.data / "holdfast.db") & 0o077 == 0 or mode(settings.data) == 0o700


@pytest.mark.parametrize("text", ["", "hf_nobody_" + "0" * 64, "\x00" * 10, "é"])
def test_a_token_that_the_store_does_not_know_is_replaced(settings: Settings, text: str) -> None:
    open_house(settings).close()
    settings.token_file.write_text(text, encoding="utf-8")
    house = open_house(settings)
    assert house.admin_token != text
    assert house.authenticate(house.admin_token)
    assert settings.token_file.read_text().strip() == house.admin_token
    house.close()


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 31, b"\xff\xfe"])
def test_a_broken_signing_key_is_named_and_never_replaced(settings: Settings, content: bytes) -> None:
    settings.data.mkdir()
    settings.key_file.write_bytes(content)
    with pytest.raises(HoldfastError) as caught:
        load_signing_key(settings)
    assert caught.value.where == str(settings.key_file)
    assert settings.key_file.read_bytes() == content


def test_a_secret_is_written_whole_over_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and longer")
    path.chmod(0o644)
    write_secret(path, "new\n")
    assert (path.read_text(), mode(path)) == ("new\n", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_elsewhere_is_the_one_that_later_commands_ask(settings: Settings) -> None:
    elsewhere = "postgresql://holdfast:secret@db.example/holdfast"
    settings.data.mkdir()
    keep_database(settings)
    assert read_settings(settings.data, environ={}).database == str(settings.data / "holdfast.db")
    keep_database(read_settings(settings.data, database=elsewhere, environ={}))
    assert read_settings(settings.data, environ={}).database == elsewhere
    assert mode(settings.database_file) == 0o600
    told = read_settings(settings.data, database="other.db", environ={})
    keep_database(told)
    assert read_settings(settings.data, environ={}).database == str(Path("other.db").resolve())


def test_a_note_of_the_database_that_cannot_be_read_is_not_passed_over(settings: Settings) -> None:
    settings.database_file.mkdir(parents=True)
    with pytest.raises(HoldfastError, match="which database is meant"):
        read_settings(settings.data, environ={})


def test_the_administrators_token_belongs_to_a_person(settings: Settings) -> None:
    house = open_house(settings)
    token = house.authenticate(house.admin_token)
    assert token.person_name == "administrator"
    house.store.tenants.save_token(replace(token, person=None, person_name=None))  # as an older version made it
    house.close()
    again = open_house(settings)
    bound = again.authenticate(again.admin_token)
    again.close()
    assert (bound.id, bound.person) == (token.id, token.person)


def test_messages_lead_to_where_the_pages_are(settings: Settings) -> None:
    house = open_house(settings)
    house.announce("http://127.0.0.1:8440")
    house.announce("http://127.0.0.1:8440")
    with house.store.read("default") as tx:
        assert tx.settings.get("public.url") == "http://127.0.0.1:8440"
        assert [entry.kind for entry in tx.journal.read()].count("address.changed") == 1
    house.close()
    named = open_house(replace(settings, public_url="https://holdfast.example"))
    named.announce("http://127.0.0.1:8440")
    with named.store.read("default") as tx:
        assert tx.settings.get("public.url") == "https://holdfast.example"
    named.close()
