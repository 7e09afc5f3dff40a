"""CloudBees Feature Management, over its REST API. Written to the published API; not tried against the live service.

Rules:
1. A variant is forced by one patch of the flag's configuration: enabled, that default value, no conditions. A flag is
   never disabled: that would serve the default of the code that asks.
2. Putting back is one patch with the configuration's own three values.
3. A value is called by its text; true and false are `on` and `off`.

Source: CloudBees Unify's API, version 2: flags, flag configurations.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from holdfast.edges.providers.flag_providers._rest import Rest, canonical
from holdfast.edges.providers.flag_providers._values import by_name, name_value
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, required_text, text_option
from holdfast.errors import ActionError
from holdfast.model.flag import FlagReading
from holdfast.model.frozen import frozen
from holdfast.model.target import Target

URL = "https://api.cloudbees.io"
_FIELDS = ("enabled", "defaultValue", "conditions")


@frozen
class _Flag:
    id: str
    values: Mapping[str, Any]
    configuration: Mapping[str, Any]

    def held(self) -> str | None:
        """What everybody is served by the configuration alone; `None` when disabled, or when conditions decide."""
        one = self.configuration
        if not one.get("enabled") or one.get("conditions"):
            return None
        name = name_value(one.get("defaultValue"))
        return name if name in self.values else None

    def definition(self) -> str:
        return canonical({name: self.configuration.get(name) for name in _FIELDS})


class CloudBees:
    """The flags of one application in one environment."""

    own = False

    def __init__(self, name: str, application: str, environment: str, rest: Rest) -> None:
        self.name = name
        self._application = f"/v2/applications/{quote(application, '')}"
        self._environment = environment
        self._rest = rest

    def find_problem(self) -> str | None:
        """Say why it can't be used now: down, credentials refused, no such application or environment."""
        try:
            path = f"{self._application}/environments/{quote(self._environment, '')}/configuration"
            document = self._rest.ask("GET", path).json("CloudBees")
        except ActionError as error:
            return error.message
        known = isinstance(document, dict) and "configurations" in document
        return None if known else "what answers there is not CloudBees"

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves; `None` when there is no such flag. Raises: ActionError."""
        found = self._find(flag)
        if found is None:
            return None
        held, one = found.held(), found.configuration
        by_rules = bool(one.get("enabled") and one.get("conditions"))
        return FlagReading(flag, tuple(found.values), held, found.definition(), held=held, by_rules=by_rules)

    def force(self, flag: str, variant: str) -> None:
        """Let it serve one variant to everybody. Raises: ActionError."""
        found = self._find(flag)
        if found is None:
            raise ActionError(f"CloudBees has no flag `{flag[:80]}`")
        if variant not in found.values:
            raise ActionError(f"CloudBees: `{flag}` has no variant `{variant[:80]}`")
        if found.held() != variant:
            self._patch(found, {"enabled": True, "defaultValue": found.values[variant], "conditions": []})

    def restore(self, flag: str, definition: str) -> None:
        """Bring the configuration back. Raises: ActionError.

        A flag whose conditions somebody wrote meanwhile, or that they disabled, stays as they left it.
        """
        try:
            before = msgspec.json.decode(definition)
        except msgspec.DecodeError:
            before = None
        if not isinstance(before, dict) or before.keys() != set(_FIELDS):
            raise ActionError("what CloudBees served before was not written down by this provider")
        found = self._find(flag)
        if found is not None and found.held() is not None and found.definition() != definition:
            self._patch(found, before)

    def _patch(self, found: _Flag, body: Mapping[str, object]) -> None:
        self._rest.ask("PATCH", self._configuration(found.id), body)

    def _configuration(self, identifier: str) -> str:
        where = f"configuration/environments/{quote(self._environment, '')}"
        return f"{self._application}/flags/{quote(identifier, '')}/{where}"

    def _find(self, flag: str) -> _Flag | None:
        answer = self._rest.ask("GET", f"{self._application}/flags/by-name/{quote(flag, '')}", allow=(404,))
        if answer.status == 404:
            return None
        document = answer.json("CloudBees")
        known = document.get("flag", document) if isinstance(document, dict) else None
        if not isinstance(known, dict) or not isinstance(known.get("id"), str):
            raise ActionError("CloudBees answered something that is no flag")
        configuration = self._rest.ask("GET", self._configuration(known["id"])).json("CloudBees").get("configuration")
        values = [_value(one, str(known.get("flagType", "Boolean"))) for one in known.get("variants") or ()]
        named = by_name("CloudBees", flag, ((name_value(value), value) for value in values))
        return _Flag(known["id"], named, configuration if isinstance(configuration, dict) else {})

    def close(self) -> None:
        """Release connections."""
        self._rest.close()


def _value(text: object, kind: str) -> object:
    """Return the value that a variant's text stands for, by the flag's type."""
    if kind == "Boolean" and text in {"true", "false"}:
        return text == "true"
    if kind == "Number" and isinstance(text, str):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text


def _open(target: Target, tools: Tools) -> CloudBees:
    def headers() -> Mapping[str, str]:
        return {"authorization": f"Bearer {tools.required_secret(target, 'token')}"}

    rest = Rest("CloudBees", text_option(target, "url", URL) or URL, headers)
    return CloudBees(target.name, required_text(target, "application"), required_text(target, "environment_id"), rest)


SPEC = TargetSpec(
    id="cloudbees",
    section="flags",
    about="CloudBees Feature Management. Written to its published API, not tried against the live service.",
    options=(
        Option("token", True, True, "An API token that may update flags."),
        Option("application", True, False, "The application's id."),
        Option("environment_id", True, False, "The environment's id."),
        Option("url", False, False, f"The API; `{URL}` by default.", kind="url"),
    ),
    open=_open,
)
