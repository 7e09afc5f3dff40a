"""Waivers: written, scoped, expiring acceptances of a finding."""

from datetime import datetime
from enum import StrEnum

from holdfast.model.frozen import frozen


class Status(StrEnum):
    """What VEX calls it. `affected` is a risk that is accepted for a while."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"


@frozen
class Waiver:
    """One acceptance. `ids` are all that the finding was known by when it was signed.

    `ecosystem` and `package` name the package; both are empty for a finding in no package (code, a gap), which `ids`
    alone names. `versions` are (operator, version) that all hold; empty is every version. `known_exploited` and
    `fix_version` are what was known at signing: what was accepted then is no news. `where` is its place in words.
    `finding` is the one that it was signed for, empty where any of `ids` is.
    `approval_checked` says that whoever keeps it has seen to it that its approver may approve.
    """

    id: str
    ids: tuple[str, ...]
    service: str
    status: Status
    reason: str
    owner: str
    approved_by: str
    signed_at: datetime
    expires_at: datetime
    ecosystem: str = ""
    package: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    statement: str = ""
    known_exploited: bool = False
    fix_version: str | None = None
    where: str = ""
    approval_checked: bool = False
    finding: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What somebody named. On a server that is the finding alone: the other ids were known, nobody wrote them."""
        return frozenset({self.finding} if self.approval_checked and self.finding else self.ids)


@frozen
class KeptWaiver:
    """A waiver that a server keeps: `owner` and `approved_by` are opaque ids, `ended_at` is when it was withdrawn."""

    org: str
    service_id: str
    waiver: Waiver
    created_at: datetime
    ended_at: datetime | None = None
