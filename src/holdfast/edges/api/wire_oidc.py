"""Wire types of logins without stored secrets: trusts, and the exchange of tokens."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from holdfast.edges.api.wire import LINE, Answer, Identifier, Instant, Name, Question
from holdfast.model.tenancy import Permission
from holdfast.model.trust import System

Address = Annotated[str, Meta(min_length=1, max_length=255, pattern=LINE)]
Claim = Annotated[str, Meta(min_length=1, max_length=80, pattern=LINE)]
Value = Annotated[str, Meta(min_length=1, max_length=512, pattern=LINE)]
Conditions = Annotated[
    dict[Claim, Annotated[list[Value], Meta(min_length=1, max_length=50)]], Meta(min_length=1, max_length=20)
]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT, ID_TOKEN = "urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


class TrustIn(Question, frozen=True):
    """Whose identity tokens are taken. Every condition must hold: a claim has one of its values.

    A segment `*` between `/` stands for any one segment. GitHub wants `repository_owner_id`, GitLab `namespace_id` or
    `project_id`: numbers, as names are given anew. `services` are those that a token may speak of, by name or id;
    without any it may speak of what its repository reports first.
    """

    system: System
    issuer: Address
    audience: Address
    conditions: Conditions
    permissions: Annotated[list[Permission], Meta(min_length=1, max_length=20)] = field(
        default_factory=lambda: [Permission.BUILDS_WRITE]
    )
    services: Annotated[list[Identifier], Meta(max_length=200)] = field(default_factory=list)
    environment: Name | None = None
    team: Name | None = None


class TrustOut(Answer, frozen=True):
    """Whose identity tokens are taken; `services` are ids."""

    id: str
    name: str
    version: int
    system: System
    issuer: str
    audience: str
    conditions: dict[str, list[str]]
    permissions: list[Permission]
    services: list[str]
    environment: str | None
    team: str | None
    changed_at: Instant
    changed_by: str


class TrustPage(Answer, frozen=True):
    """Trusts by name."""

    items: list[TrustOut]
    next: str | None


class ExchangeIn(msgspec.Struct, frozen=True):
    """An identity token, to be exchanged for one of ours: a form, by RFC 8693. `scope` are permissions."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"]
    subject_token: Annotated[str, Meta(min_length=1, max_length=16384)]
    subject_token_type: Literal["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"]
    org: Annotated[str, Meta(min_length=1, max_length=128)] = "default"
    scope: Annotated[str, Meta(max_length=512)] = ""
    requested_token_type: Literal["urn:ietf:params:oauth:token-type:access_token"] = (
        "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name of a kind of token
    )


class ExchangeOut(Answer, frozen=True):
    """A token of ours, good for `expires_in` seconds. It is in this answer, and nowhere else."""

    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: int
    scope: str


class ExchangeProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem that also says what RFC 6749 has a word for."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    error_description: str
    hint: str | None = None
