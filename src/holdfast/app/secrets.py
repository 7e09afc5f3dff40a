"""Secrets that live in the data folder, readable by its owner alone."""

import os
import secrets
from datetime import datetime
from pathlib import Path

from holdfast.app.settings import ORG, Settings
from holdfast.errors import HoldfastError, UnauthenticatedError
from holdfast.loop.tokens import ADMINISTRATOR, authenticate, bind_token, issue_token
from holdfast.model.tenancy import Org, Permission
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store


def write_secret(path: Path, text: str) -> None:
    """Write a file of mode 600 whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def keep_database(settings: Settings) -> None:
    """Remember a database elsewhere, so that commands on the folder ask the store that its server asks.

    Another, empty one would answer that nothing is exposed.
    """
    if settings.database != str(settings.data / "holdfast.db"):
        place = settings.database if "://" in settings.database else str(Path(settings.database).resolve())
        write_secret(settings.database_file, place + "\n")


def load_signing_key(settings: Settings) -> bytes:
    """Return the key that signs checkpoints, made at first use.

    Raises:
        HoldfastError: the file is there and holds no key.
    """
    path = settings.key_file
    if not path.exists():
        write_secret(path, secrets.token_hex(32) + "\n")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise HoldfastError(f"no signing key: {error}", where=str(path), hint="restore it from a backup") from None
    if len(key) != 32:
        raise HoldfastError(f"expected a key of 32 bytes, got {len(key)}", where=str(path))
    return key


def ensure_admin_token(store: Store, settings: Settings, now: datetime, ids: Ids) -> str:
    """Return the administrator's token of the data folder; makes org and token at first start.

    A token that the store does not know (another database, or revoked) is replaced.
    """
    if ORG not in {org.id for org in store.tenants.orgs()}:
        store.tenants.save_org(Org(ORG, "This organization", now))
    path = settings.token_file
    if path.exists():
        text = path.read_text(encoding="ascii", errors="replace").strip()
        try:
            token = authenticate(store, text, now)
        except UnauthenticatedError:
            path.unlink()
        else:
            bind_token(store, token, ADMINISTRATOR, now=now, ids=ids)  # one made before tokens had persons
            path.chmod(0o600)
            return text
    name = "administrator of the data folder"
    _, text = issue_token(store, ORG, name, [Permission.ADMIN], now=now, ids=ids, person=ADMINISTRATOR)
    write_secret(path, text + "\n")
    return text
