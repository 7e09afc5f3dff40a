"""Who owns things, and who may do what."""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen

PUBLIC = ""
"""The layer of facts that belong to nobody: public advisories. No org has this id."""


@frozen
class Org:
    """The tenant. Its id is in every key."""

    id: str
    name: str
    created_at: datetime


@frozen
class Group:
    """A node in an org's tree of groups; `parent` is `None` at the root."""

    org: str
    id: str
    name: str
    parent: str | None


@frozen
class Team:
    """People who own services; in a group, or directly in the org."""

    org: str
    id: str
    name: str
    group: str | None = None


class Permission(StrEnum):
    """Scopes of a token."""

    ADMIN = "admin"
    READ = "read"
    FACTS_WRITE = "facts:write"
    """Services, releases, deployments, hosts."""
    ADVISORIES_WRITE = "advisories:write"
    FLAGS_READ = "flags:read"
    """OFREP only; bound to one environment."""
    FLAGS_WRITE = "flags:write"
    MITIGATE = "mitigate"
    """Approve, reject, start and undo runs; the global pause."""
    AUDIT = "audit"
    BUILDS_WRITE = "builds:write"
    """Ask the gate about builds: all that a pipeline's token needs."""
    POLICY_WRITE = "policy:write"
    """Policies of all levels, and the approval of waivers."""


CHANGE_EVENTS = frozenset(
    {"pull_request", "pull_request_target", "pull_request_review", "merge_request_event", "external_pull_request_event"}
)
"""What GitHub and GitLab call a run for a change that nobody has merged yet."""


@frozen
class Binding:
    """What a token speaks for that was given for a pipeline's identity: this repository's runs, and nothing else.

    `repository_id` and `owner_id` are the numbers behind names, as names are given anew; where a system has none, they
    are its names. What the identity does not name is empty. `services` are the ids of those that the trust names.
    """

    trust: str
    issuer: str
    repository: str
    repository_id: str
    owner_id: str = ""
    workflow: str = ""
    environment: str = ""
    event: str = ""
    ref: str = ""
    services: tuple[str, ...] = ()
    is_for_change: bool = False
    """Whether the run is of a change under review: whoever may push a branch wrote what it says."""


@frozen
class Token:
    """An identity. The secret is stored only as sha256. `team` limits claims; `environment` limits flags.

    `person` is the opaque id of the person it belongs to, `None` for a machine's. All of a person's tokens are one
    identity, and only a person may approve. `person_name` is what people call that person; the journal never sees it.
    """

    org: str
    id: str
    name: str
    digest: str
    permissions: frozenset[Permission]
    created_at: datetime
    expires_at: datetime | None
    team: str | None = None
    environment: str | None = None
    revoked_at: datetime | None = None
    person: str | None = None
    person_name: str | None = None
    binding: Binding | None = None
    """What it may speak of, where a pipeline's identity was exchanged for it; `None` for every other token."""

    @property
    def identity(self) -> str:
        """Who acts: the person, or the machine's token itself."""
        return self.person or self.id

    def allows(self, permission: Permission) -> bool:
        """Whether it carries the permission; `admin` carries all of them."""
        return permission in self.permissions or Permission.ADMIN in self.permissions
