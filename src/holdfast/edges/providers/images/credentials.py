"""Who asks a registry: from the environment, else from what `docker login` wrote.

Rules:

1. `HOLDFAST_REGISTRY_USER` and `HOLDFAST_REGISTRY_PASSWORD` count for the registry that is asked, before anything else.
2. Docker's `config.json` is read and never written. Only its `auths` count: a helper program is not run.
3. A secret is in no message.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from holdfast.errors import UsageError
from holdfast.model.frozen import frozen

USER, PASSWORD = "HOLDFAST_REGISTRY_USER", "HOLDFAST_REGISTRY_PASSWORD"
_MAX_CONFIG_BYTES = 1 << 20


@frozen
class Login:
    """A user and a password."""

    user: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of the header `Authorization`."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@frozen
class Found:
    """The login for a registry, `None` without one; `because` is why there is none where a person could mend it."""

    login: Login | None = None
    because: str = ""


def find_login(host: str, environment: Mapping[str, str], home: Path) -> Found:
    """Return who asks a registry.

    Raises:
        UsageError: half a login is in the environment, or Docker's configuration is broken.
    """
    user, password = environment.get(USER, ""), environment.get(PASSWORD, "")
    if user or password:
        if not (user and password) or ":" in user:
            raise UsageError(f"expected both {USER} and {PASSWORD}, and no `:` in the user's name", where="environment")
        return Found(Login(user, password))
    path = Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    try:
        with path.open("rb") as file:
            config = json.loads(file.read(_MAX_CONFIG_BYTES))
    except OSError:
        return Found()
    except (ValueError, RecursionError):
        raise UsageError("it is no JSON", where=str(path), hint=f"mend it, or set {USER} and {PASSWORD}") from None
    return _in_config(config if isinstance(config, dict) else {}, host, path)


def _in_config(config: dict[str, Any], host: str, path: Path) -> Found:
    auths = config.get("auths")
    for key, entry in auths.items() if isinstance(auths, dict) else ():
        if not isinstance(entry, dict) or _host_of(key) != host.lower():
            continue
        text = entry.get("auth")
        try:
            told = base64.b64decode(text if isinstance(text, str) else "", validate=True).decode()
        except (binascii.Error, ValueError):
            raise UsageError(f"the login for {host} is broken", where=str(path), hint="log in again") from None
        user, colon, password = told.partition(":")
        if colon and user and password:
            return Found(Login(user, password.rstrip("\0")))
    helpers = config.get("credHelpers")
    if config.get("credsStore") or (isinstance(helpers, dict) and host in helpers):
        return Found(because=f"{path} keeps it with a helper program, which is not run")
    return Found()


def _host_of(key: str) -> str:
    return (urlsplit(key).netloc if "://" in key else key.partition("/")[0]).lower()
