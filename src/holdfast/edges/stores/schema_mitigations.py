"""The tables of mitigations: runs and what drives them, flags, overlays, drills.

`body` is the whole value as JSON; the columns beside it are what is filtered and ordered by. Who drives a run (`owner`,
`fence`, `lease_until`) is not part of the run: saving one leaves it as it is.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, text

from holdfast.edges.stores.schema import METADATA, instant, integer, words

RUN = Table(
    "run",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("exposure"),
    words("state"),
    Column("released", Boolean, nullable=False),
    instant("created_at"),
    words("body"),
    words("owner", null=True),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    instant("lease_until", null=True),
    words("service_id", null=True),
    Index("run_exposure", "org", "exposure"),
    Index("run_state", "org", "state"),
)

STEP = Table(
    "step",
    METADATA,
    words("org", key=True),
    words("run", key=True),
    integer("number", key=True),
    words("state"),
    words("target"),
    words("body"),
    words("service_id"),
    words("action"),
    words("flag", null=True),
    Column("automatic", Boolean, nullable=False),
    instant("intended_at", null=True),
    instant("touched_at", null=True),
    Index("step_target", "org", "target", "state"),
    Index("step_touched", "org", "touched_at"),
)

SIGNAL = Table(
    "signal",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("kind"),
    words("by"),
    instant("at"),
    words("exposure", null=True),
    words("run", null=True),
    words("outcome"),
    words("body"),
    Index("signal_exposure", "org", "exposure", "id"),
    Index("signal_run", "org", "run"),
    Index("signal_at", "org", "at"),
)

TIMER = Table(
    "timer",
    METADATA,
    words("org", key=True),
    words("run", key=True),
    integer("step", key=True),
    words("kind", key=True),
    instant("due_at"),
    Index("timer_due", "org", "due_at"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("to"),
    words("body"),
    instant("created_at"),
    instant("due_at"),
    words("run", null=True),
    integer("attempts"),
    instant("sent_at", null=True),
    words("problem", null=True),
    instant("given_up_at", null=True),
    Index("outbox_due", "org", "sent_at", "due_at"),
    Index("outbox_lane", "org", "to", "sent_at", "given_up_at", "created_at", "id"),
    Index("outbox_given_up", "org", "given_up_at", "id"),
)

FLAG = Table(
    "flag",
    METADATA,
    words("org", key=True),
    words("environment", key=True),
    words("key", key=True),
    words("definition"),
    integer("version"),
    instant("updated_at"),
)

FLAG_VERSION = Table(
    "flag_version",
    METADATA,
    words("org", key=True),
    words("environment", key=True),
    words("key", key=True),
    integer("version", key=True),
    words("definition"),
    instant("updated_at"),
)

FLAG_CLIENT = Table(
    "flag_client",
    METADATA,
    words("org", key=True),
    words("environment", key=True),
    words("id", key=True),
    words("kind"),
    words("service", null=True),
    words("target", null=True),
    Column("delivered", BigInteger, nullable=True),
    Column("fetched", BigInteger, nullable=True),
    Column("effective", BigInteger, nullable=True),
    Column("connected", Boolean, nullable=False),
    instant("seen_at"),
    words("effects", null=True),
    words("asked", null=True),
    Index("flag_client_seen", "org", "environment", "seen_at"),
)

OVERLAY = Table(
    "overlay",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("environment"),
    words("flag"),
    words("variant"),
    words("reason"),
    words("run", null=True),
    instant("created_at"),
    instant("lifted_at", null=True),
    words("before", null=True),
    instant("expires_at", null=True),
    Column("revision", BigInteger, nullable=True),
    Index("overlay_active", "org", "environment", "lifted_at"),
    Index("overlay_run", "org", "run"),
)

DRILL = Table(
    "drill",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("service_id"),
    words("environment"),
    words("plan"),
    words("level"),
    words("outcome"),
    instant("started_at"),
    words("body"),
    Index("drill_plan", "org", "service_id", "plan", "id"),
)
