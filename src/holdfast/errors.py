"""Every error that Holdfast raises on purpose.

```
HoldfastError
├── UsageError            the caller asked for something that has no meaning
├── FactError             an input file could not be read as what it claims to be
│   └── ManifestError     `holdfast.yaml`
├── ControlError          an advisory or a control is not valid
│   ├── ExpressionError   a CEL expression does not parse, type-check or end
│   └── VersionError      a string is not a version in its scheme
├── PolicyError           a policy or a waiver is not valid
├── FeedError             an advisory feed or enrichment could not be read
├── PlanError             a mitigation plan cannot do what it promises
├── ActionError           an action or its probe failed
│   └── UnsentError       surely nothing of it reached the other side
├── JournalError          the journal does not verify, or could not be written
├── NotFoundError         no such thing in this org
├── ConflictError         it exists with other content, or the state forbids it
│   └── FencedError       another worker has taken the run over
└── ForbiddenError        the identity may not do this
    └── UnauthenticatedError  there is no identity: no token, or one that does not count
```

An error says what, where, and what to try. `str(error)` is one line, the hint on its own second line.
"""


class HoldfastError(Exception):
    """Something went wrong that a person can act on.

    `where` is `file`, `file:line` or `file:line:column`; `hint` is what to try.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  try: {self.hint}" if self.hint else head


class UsageError(HoldfastError):
    """The caller asked for something that has no meaning."""


class FactError(HoldfastError):
    """An input file could not be read as what it claims to be."""


class ManifestError(FactError):
    """A `holdfast.yaml` is not valid; `where` names line and column."""


class ControlError(HoldfastError):
    """An advisory or a control is not valid."""


class ExpressionError(ControlError):
    """A CEL expression does not parse, does not type-check, or used up its step budget."""


class VersionError(ControlError):
    """A string is not a version in its scheme."""


class PolicyError(HoldfastError):
    """A policy or a waiver is not valid; `where` names line and column."""


class FeedError(HoldfastError):
    """An advisory feed or an enrichment could not be read."""


class PlanError(HoldfastError):
    """A mitigation plan cannot do what it promises."""


class ActionError(HoldfastError):
    """An action or its probe failed."""


class UnsentError(ActionError):
    """A request of which surely nothing reached the other side: trying again does nothing twice."""


class JournalError(HoldfastError):
    """The journal does not verify, or could not be written."""


class NotFoundError(HoldfastError):
    """There is no such thing in this org."""


class ConflictError(HoldfastError):
    """It exists with other content, or its state forbids the change."""


class FencedError(ConflictError):
    """Another worker has taken the run over; what this one did not commit is not its own any more."""


class ForbiddenError(HoldfastError):
    """The identity may not do this."""


class UnauthenticatedError(ForbiddenError):
    """There is no identity: no token was given, or it is unknown, expired or revoked."""


def tell_error(error: BaseException) -> str:
    """Return what may be said of an error: our own words, of a stranger's its type. Its text may hold a secret."""
    return error.message if isinstance(error, HoldfastError) else type(error).__name__
