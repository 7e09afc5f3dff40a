"""Flag definitions and overlays for tests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from holdfast.model.flag import FlagDefinition, Overlay

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENVIRONMENT = "production"


def boolean_flag(default: str = "on", **fields: Any) -> str:
    """Return the JSON text of a flag with the variants `on` and `off`."""
    return json.dumps({"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": default, **fields})


def definition(key: str, text: str, version: int = 1) -> FlagDefinition:
    """Return a stored flag."""
    return FlagDefinition("org_1", ENVIRONMENT, key, text, version, T0)


def overlay(flag: str, number: int, variant: str = "off", *, lifted: bool = False) -> Overlay:
    """Return the overlay of that number, laid that many seconds after `T0`."""
    at = T0 + timedelta(seconds=number)
    return Overlay("org_1", f"ovl_{number}", ENVIRONMENT, flag, variant, "test", None, at, at if lifted else None)
