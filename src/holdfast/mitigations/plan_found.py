"""One thing that is wrong with a plan, before it is said of which."""

from holdfast.model.frozen import frozen


@frozen
class Found:
    """`severity` is `error` or `warning`; `where` its place, `None` for that of the plan."""

    message: str
    hint: str | None = None
    severity: str = "error"
    where: str | None = None
