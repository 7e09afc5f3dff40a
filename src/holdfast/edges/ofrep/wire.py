"""Wire types of OFREP, version 0.3.

Source: open-feature/protocol, `service/openapi.yaml` and `service/event-streams.yaml`.
"""

from typing import Any

import msgspec

from holdfast.mitigations.evaluation import FLAG_NOT_FOUND, Evaluated, Evaluation, NotEvaluated

INACTIVITY_DELAY_S = 120


class EvaluationSuccess(msgspec.Struct, omit_defaults=True):
    """A flag's value. Without a value the caller's code default is meant."""

    key: str
    reason: str
    value: Any = msgspec.UNSET
    variant: str | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)


class EvaluationFailure(msgspec.Struct, omit_defaults=True):
    """Why there is no value."""

    errorCode: str  # noqa: N815  the protocol's name
    errorDetails: str  # noqa: N815  the protocol's name; some providers fail without it
    key: str = ""


class FlagResult(msgspec.Struct, omit_defaults=True):
    """A flag in a bulk answer: its value, or with `errorCode` why there is none."""

    key: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    value: Any = msgspec.UNSET
    variant: str | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    errorCode: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815  the protocol's name
    errorDetails: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815  the protocol's name


class EventStream(msgspec.Struct):
    """Where notices of changes are streamed; the URL holds a ticket, because browsers send no header with it."""

    type: str
    url: str
    inactivityDelaySec: int = INACTIVITY_DELAY_S  # noqa: N815  the protocol's name


class BulkEvaluationSuccess(msgspec.Struct):
    """Every flag's value, or why there is none."""

    flags: list[FlagResult]
    eventStreams: list[EventStream]  # noqa: N815  the protocol's name
    metadata: dict[str, str | int | float | bool]


class EffectIn(msgspec.Struct):
    """What an application was given: a flag, its variant, and of which revision, as the flag's metadata says.

    `digest` is the sha256 of the value, for who wants it compared; `client` names the client where no header does.
    """

    flag: str
    variant: str
    revision: int | None = None
    digest: str | None = None
    client: str | None = None


class EffectOut(msgspec.Struct):
    """Whether that is a proof, and if not, why."""

    counted: bool
    because: str = ""


class ClientIn(msgspec.Struct):
    """A client of a relay, as the relay knows it."""

    id: str
    kind: str
    connected: bool
    service: str | None = None
    target: str | None = None
    delivered: int | None = None
    fetched: int | None = None
    effective: int | None = None
    effects: list[tuple[str, int]] = []
    asked: list[tuple[str, int]] = []


class ClientsIn(msgspec.Struct):
    """What a relay reports."""

    clients: list[ClientIn]


class GeneralError(msgspec.Struct):
    """An error that is not about a flag."""

    errorDetails: str  # noqa: N815  the protocol's name


def to_wire(value: Evaluation) -> EvaluationSuccess | EvaluationFailure:
    """Return an evaluation as the protocol writes it."""
    if isinstance(value, NotEvaluated):
        return EvaluationFailure(value.code, value.details, value.key)
    if value.variant is None:
        return EvaluationSuccess(value.key, value.reason, metadata=dict(value.metadata))
    return EvaluationSuccess(value.key, value.reason, value.value, value.variant, dict(value.metadata))


def to_result(value: Evaluation) -> FlagResult:
    """Return an evaluation as a bulk answer writes it."""
    if isinstance(value, NotEvaluated):
        return FlagResult(value.key, errorCode=value.code, errorDetails=value.details)
    if value.variant is None:
        return FlagResult(value.key, value.reason, metadata=dict(value.metadata))
    return FlagResult(value.key, value.reason, value.value, value.variant, dict(value.metadata))


def status_of(value: Evaluation) -> int:
    """Return the HTTP status of a single evaluation."""
    if isinstance(value, Evaluated):
        return 200
    return 404 if value.code == FLAG_NOT_FOUND else 400
