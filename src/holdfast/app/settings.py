"""What a process is told: by options first, then by the environment, then by default."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from holdfast.errors import HoldfastError, UsageError
from holdfast.model.frozen import frozen

PUBLIC_FEED = "https://storage.googleapis.com/osv-vulnerabilities"
PUBLIC_KEV = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
PUBLIC_EPSS = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
ORG = "default"
DATABASE_FILE = "database.url"
STORE_FILE = "holdfast.db"
TARGETS_FILE = "targets.yaml"
KEEP = timedelta(days=90)


@frozen
class Settings:
    """`feed=None` is "no feed at all". `enrichments` is kind → location; SSVC has no single published file.

    `public_url` is where people reach the pages, for links in messages; `None` is where the server listens.
    """

    data: Path
    database: str
    feed: str | None
    enrichments: Mapping[str, str]
    feed_max_age: timedelta
    feed_interval_s: float = 900.0
    public_url: str | None = None
    targets: Path | None = None
    """The operator's file; `None` where there is none."""
    keep: timedelta = KEEP
    """How long messages that were taken, and signals and timers of what is over, are kept."""
    oidc_loopback: bool = False
    """Whether an issuer of identity tokens may be on this machine, over plain HTTP too."""

    @property
    def token_file(self) -> Path:
        """Where the administrator's token is, mode 600."""
        return self.data / "admin.token"

    @property
    def key_file(self) -> Path:
        """Where the key that signs checkpoints is, mode 600."""
        return self.data / "checkpoint.key"

    @property
    def database_file(self) -> Path:
        """Where the URL of a database elsewhere is kept, mode 600: it may hold a password."""
        return self.data / DATABASE_FILE

    @property
    def downloads(self) -> Path:
        """Where downloads go on after a cut."""
        return self.data / "feeds"


def read_settings(
    data: Path, *, database: str | None = None, feed: str | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings of a data folder; the database it was last served from is the one that is meant.

    Raises:
        UsageError: a number in the environment is none, or an address.
        HoldfastError: what the folder says of its database can't be read.
    """
    hours = environ.get("HOLDFAST_FEED_MAX_AGE", "24")
    try:
        max_age = timedelta(hours=float(hours))
    except (ValueError, OverflowError):
        max_age = timedelta(-1)
    if max_age < timedelta(0):
        raise UsageError(f"expected hours in HOLDFAST_FEED_MAX_AGE, got `{hours[:40]}`", hint="24, or 0.5")
    location = feed or environ.get("HOLDFAST_FEED") or PUBLIC_FEED
    defaults = {"kev": PUBLIC_KEV, "epss": PUBLIC_EPSS, "ssvc": ""}
    enrichments = {kind: environ.get(f"HOLDFAST_{kind.upper()}", default) for kind, default in defaults.items()}
    return Settings(
        data,
        database or environ.get("HOLDFAST_DATABASE") or _read_database(data) or str(data / STORE_FILE),
        None if location == "none" else location,
        {kind: where for kind, where in enrichments.items() if where and where != "none"},
        max_age,
        public_url=_read_url(environ.get("HOLDFAST_URL")),
        targets=_find_targets(data, environ.get("HOLDFAST_TARGETS")),
        keep=_read_keep(environ.get("HOLDFAST_KEEP_DAYS")),
        oidc_loopback=environ.get("HOLDFAST_OIDC_LOOPBACK") == "1",
    )


def _read_keep(text: str | None) -> timedelta:
    if not text:
        return KEEP
    try:
        days = int(text)
    except ValueError:
        days = 0
    if not 1 <= days <= 36_500:
        raise UsageError(f"expected days from 1 in HOLDFAST_KEEP_DAYS, got `{text[:40]!a}`", hint="90, or 365")
    return timedelta(days=days)


def _find_targets(data: Path, named: str | None) -> Path | None:
    """Return where the operator's file is: the named one, there or not, else the data folder's if there is one."""
    if named:
        return Path(named)
    usual = data / TARGETS_FILE
    return usual if usual.exists() or usual.is_symlink() else None


def _read_url(text: str | None) -> str | None:
    if not text:
        return None
    if not text.startswith(("http://", "https://")) or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"expected an address in HOLDFAST_URL, got `{text[:80]!a}`", hint="https://holdfast.example")
    return text.rstrip("/")


def _read_database(data: Path) -> str | None:
    try:
        return (data / DATABASE_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HoldfastError(
            f"which database is meant can't be read: {error}", where=str(data / DATABASE_FILE)
        ) from None
