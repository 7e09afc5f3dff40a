"""What the operator of a Holdfast server lets it reach: other flag systems, deployers, proxies, commands, receivers.

Plans name targets; where they are and what opens them stands on the server alone, never in a repository.
"""

from collections.abc import Sequence

from holdfast.model.frozen import frozen


@frozen
class Target:
    """One entry of the operator's file.

    `section` is `flags`, `deployers`, `proxies`, `http`, `commands`, `notify` or `metrics`; `kind` the adapter (a file
    name of the section's room). Of the section `probes` each entry's name is a host that probes may ask; nothing opens
    it, and it holds for every org. `environment` and `service` say for which an entry is, `None` for all. `options` are
    sorted pairs of name and JSON text. `where` is its place in the file. `org` may use it, and no other; `None` is the
    org of the installation.
    """

    section: str
    name: str
    kind: str
    environment: str | None
    service: str | None
    options: tuple[tuple[str, str], ...]
    where: str
    org: str | None = None

    def covers(self, environment: str, service: str | None = None) -> bool:
        """Whether it is for that environment, and that service where one is named."""
        fits = self.service is None or service is None or self.service == service
        return self.environment in {None, environment} and fits

    @property
    def closeness(self) -> int:
        """How closely it names a place: service and environment, service, environment, neither."""
        return 2 * (self.service is not None) + (self.environment is not None)


def closest(targets: Sequence[Target]) -> list[Target]:
    """Return those that name their place most closely, in their order."""
    most = max((one.closeness for one in targets), default=0)
    return [one for one in targets if one.closeness == most]
