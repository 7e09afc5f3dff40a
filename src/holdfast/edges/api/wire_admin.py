"""Wire types of identities, the journal, feeds and figures."""

from typing import Annotated

from msgspec import Meta

from holdfast.edges.api.wire import Answer, EntryOut, Instant, Name, Question
from holdfast.model.tenancy import Permission


class TokenIn(Question, frozen=True):
    """A token to be made. `team` limits what it may claim; `flags:read` needs `environment`.

    `person` is the name of whom it belongs to: only a person's token approves, and all of one person's are one.
    """

    name: Name
    permissions: Annotated[list[Permission], Meta(min_length=1, max_length=20)]
    expires_at: Instant | None = None
    team: Name | None = None
    environment: Name | None = None
    person: Name | None = None


class TokenOut(Answer, frozen=True):
    """A token, without its secret, which is stored nowhere."""

    id: str
    name: str
    permissions: list[Permission]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    team: str | None
    environment: str | None
    person: str | None
    person_name: str | None


class TokenCreated(Answer, frozen=True):
    """A token with its secret, which is shown once."""

    token: TokenOut
    secret: str


class TokenPage(Answer, frozen=True):
    """Tokens by id, which is the order in which they were made."""

    items: list[TokenOut]
    next: str | None


class Identity(Answer, frozen=True):
    """Who asks."""

    org: str
    token: TokenOut


class LoginCode(Answer, frozen=True):
    """A one-time way in for a browser: open `path` within five minutes."""

    code: str
    path: str


class OrgIn(Question, frozen=True):
    """An org to be made; `id` stands in every key and is never reused."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Name


class OrgCreated(Answer, frozen=True):
    """The org, with the token of its first administrator, whose secret is shown once."""

    id: str
    name: str
    created_at: Instant
    token: TokenOut
    secret: str


class JournalPage(Answer, frozen=True):
    """Entries in their order."""

    items: list[EntryOut]
    next: str | None


class HeadOut(Answer, frozen=True):
    """The newest entry's number and hash; 0 and zeros while there is none."""

    seq: int
    hash: str


class CheckpointOut(Answer, frozen=True):
    """A signed note about the journal's head, to be kept elsewhere, with the key that verifies it."""

    checkpoint: str
    verifier_key: str


class VerifyIn(Question, frozen=True):
    """What to verify against. Without `verifier_key` the server's own key counts, which proves less."""

    checkpoint: Annotated[str, Meta(max_length=1 << 16)] | None = None
    verifier_key: Annotated[str, Meta(max_length=1000)] | None = None


class AuditProblemOut(Answer, frozen=True):
    """One thing that does not verify."""

    kind: str
    seq: int
    words: str


class AuditOut(Answer, frozen=True):
    """What verification found; `unproven` says what could not be shown either way."""

    intact: bool
    entries: int
    last_seq: int
    last_hash: str
    first_bad_seq: int | None
    counts: dict[str, int]
    problems: list[AuditProblemOut]
    unproven: list[str]


class FeedOut(Answer, frozen=True):
    """One ecosystem's feed. `state` is `pass` when verdicts may rest on it, else `unknown`, `because` of something."""

    ecosystem: str
    state: str
    because: str | None
    source: str | None
    synced_at: Instant | None
    newest: Instant | None
    records: int
    error: str | None


class EnrichmentOut(Answer, frozen=True):
    """KEV, EPSS or SSVC: where it came from, and of when it is."""

    kind: str
    source: str
    as_of: Instant


class FeedPage(Answer, frozen=True):
    """Feeds by ecosystem, and what enriches them; a kind that is not there was never loaded."""

    items: list[FeedOut]
    next: str | None
    enrichments: list[EnrichmentOut]


class PointOut(Answer, frozen=True):
    """A point of a step curve: from `at_s` seconds on, the part that is left (or that came to an end)."""

    at_s: float
    share: float


class EndOut(Answer, frozen=True):
    """How many came to another end, and the curve of that."""

    name: str
    n: int


class FigureOut(Answer, frozen=True):
    """One measure in seconds; `null` is "not reached yet" or "no data", never 0."""

    name: str
    n: int
    n_done: int
    n_open: int
    n_other: list[EndOut]
    n_unsound: int
    p50_s: float | None
    p90_s: float | None
    mean_of_done_s: float | None
    curve: list[PointOut]


class MetricProblemOut(Answer, frozen=True):
    """An exposure whose instants contradict each other; it is in no figure."""

    exposure: str
    words: str


class MetricGroupOut(Answer, frozen=True):
    """The figures of one group; the backlog cohort is apart."""

    key: dict[str, str]
    backlog: bool
    n: int
    n_open: int
    figures: list[FigureOut]
    problems: list[MetricProblemOut]
    definitions: int


class MetricPage(Answer, frozen=True):
    """Groups, headline before backlog."""

    items: list[MetricGroupOut]
    next: str | None
