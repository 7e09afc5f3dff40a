"""Plans written before release. Frozen data: a run carries its plan in it."""

from enum import StrEnum

from holdfast.model.frozen import frozen


class Autonomy(StrEnum):
    """The ladder. What a rung does not allow falls to the one below."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    APPROVE_1 = "approve-1"
    APPROVE_2 = "approve-2"
    AUTO = "auto"


class OnFailure(StrEnum):
    """What becomes of the steps that were done when one fails: taken back in reverse order, or kept."""

    UNDO = "undo"
    KEEP = "keep"


class OnExpiry(StrEnum):
    """What happens at a mitigation's end: a person is asked to confirm it again, or it is taken back."""

    CONFIRM = "confirm"
    REVERT = "revert"


class Coverage(StrEnum):
    """How much of the hole a plan closes. Only `full` with a black-box probe stops the clock."""

    FULL = "full"
    PARTIAL = "partial"
    CLIENT_ONLY = "client-only"


@frozen
class Feature:
    """A part of a service behind a flag. `covers` are purls without version, or path globs."""

    name: str
    flag: str
    safe: str
    covers: tuple[str, ...]


@frozen
class Step:
    """One action with its arguments, sorted pairs of strings.

    `id` is its name within the plan, empty for the step's number as text. `after` names the steps that must be done
    first; `None` is the one before it, so that a plan without names is carried out in its order.
    `attempts` is how often it is tried, `backoff_s` the first pause between two tries (each is twice the last),
    `deadline_s` how long it may take from its intent to its effect; `None` leaves each to the action.
    """

    action: str
    arguments: tuple[tuple[str, str], ...]
    id: str = ""
    after: tuple[str, ...] | None = None
    attempts: int | None = None
    backoff_s: float | None = None
    deadline_s: float | None = None

    def argument(self, name: str) -> str | None:
        """Return an argument's value, `None` when it is not given."""
        return dict(self.arguments).get(name)


@frozen
class Probe:
    """A black-box look at the application, and what must hold of it.

    `kind` is `http`, `tcp`, `command`, `flag` or `prometheus`. For `http`, `url` is asked with `method`; `expect_json`
    are (JSON pointer, JSON text of the expected value); `expect_text` must occur in the body. For `tcp`, `url` is
    `host:port`. The other kinds are told by `arguments`, sorted pairs. `{target}` in a URL stands for each live target.
    Probing goes on every `interval_s` until it holds or `deadline_s` is over.
    """

    kind: str
    url: str
    method: str = "GET"
    expect_status: int = 200
    expect_json: tuple[tuple[str, str], ...] = ()
    expect_text: str | None = None
    interval_s: float = 0.2
    deadline_s: float = 60.0
    arguments: tuple[tuple[str, str], ...] = ()

    def argument(self, name: str) -> str | None:
        """Return an argument's value, `None` when it is not given."""
        return dict(self.arguments).get(name)


@frozen
class Plan:
    """A mitigation declared before release. `when` is CEL text with its place in the manifest.

    `otherwise` names the plan of the same service that is the next rung: taken when this one can't be carried out.
    `expires_s` is how long it may stay in place, `None` until it is lifted. `health` are probes of the service itself:
    if they held before and fail within `health_for_s` after, the run is taken back. `max_share` is the largest share of
    the service's instances that it may touch by itself; `cooldown_s` how long it rests after a run of it.
    """

    id: str
    when: str
    when_line: int
    when_column: int
    steps: tuple[Step, ...]
    coverage: Coverage | None
    verify: tuple[Probe, ...]
    autonomy: tuple[tuple[str, Autonomy], ...]
    """(environment name or `default`, rung)."""
    otherwise: str | None = None
    on_failure: OnFailure = OnFailure.UNDO
    expires_s: float | None = None
    on_expiry: OnExpiry = OnExpiry.CONFIRM
    health: tuple[Probe, ...] = ()
    health_for_s: float = 60.0
    max_share: float | None = None
    cooldown_s: float | None = None

    def level(self, environment: str) -> Autonomy:
        """The rung in that environment; `observe` where nothing is said."""
        rungs = dict(self.autonomy)
        return rungs.get(environment, rungs.get("default", Autonomy.OBSERVE))


@frozen
class Drill:
    """A rehearsal that the manifest asks for: `every` is a duration, `level` one of `L0`, `L1`, `L2`.

    `environment` is where L2 acts, `None` for the one of the lowest tier that is not open to the internet.
    """

    plan: str
    every: str
    level: str
    environment: str | None = None


@frozen
class ServiceManifest:
    """One service as `holdfast.yaml` declares it."""

    name: str
    paths: tuple[str, ...]
    team: str | None
    tier: int | None
    reach: str
    features: tuple[Feature, ...]
    plans: tuple[Plan, ...]
    drills: tuple[Drill, ...]
    line: int


@frozen
class Manifest:
    """A whole `holdfast.yaml`."""

    file: str
    services: tuple[ServiceManifest, ...]
