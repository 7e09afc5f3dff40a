"""Who may log in without a stored secret: identities that other systems vouch for.

A trust names an issuer of identity tokens (a pipeline's, by OpenID Connect), the audience that its tokens must be meant
for, and what they must say. Who holds such a token gets one of ours for a quarter of an hour.
"""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission


class System(StrEnum):
    """Whose tokens they are: it tells which claims there are, and what of them a token of ours is bound to."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GENERIC = "generic"


@frozen
class Condition:
    """A claim that must have one of these values; a segment between `/` that is `*` stands for any one segment."""

    claim: str
    values: tuple[str, ...]


@frozen
class Trust:
    """What an org lets in. Every condition must hold.

    `services` are the ids of those that a token may speak of; without any it may speak of what its repository was the
    first to report. With a `team` it claims for that team alone. `environment` is ours that the token's job deploys
    to; `None` is the one that the token names. `version` grows with every change.
    """

    org: str
    id: str
    name: str
    system: System
    issuer: str
    audience: str
    conditions: tuple[Condition, ...]
    permissions: frozenset[Permission]
    services: tuple[str, ...]
    environment: str | None
    changed_at: datetime
    changed_by: str
    version: int = 1
    team: str | None = None
