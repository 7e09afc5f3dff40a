"""What an image of a registry is called: `registry.example/team/pay:1.4.2`, `registry.example:5000/pay@sha256:…`.

The host is always named: no registry is anybody's default, and a name without one is refused, not looked up somewhere.

Source: OCI distribution specification, "Pulling manifests".
"""

import re
from ipaddress import ip_address

from holdfast.edges.providers.images.documents import check_digest
from holdfast.errors import FactError, UsageError
from holdfast.model.frozen import frozen

_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HINT = "such as registry.example/team/pay:1.4.2"


@frozen
class Reference:
    """An image in a registry. `host` may have a port; `version` is a digest where one is given, else a tag."""

    host: str
    repository: str
    version: str

    @property
    def digest(self) -> str | None:
        """The digest that it is pinned to; `None` for a tag."""
        return self.version if ":" in self.version else None

    @property
    def name(self) -> str:
        """The host without a port and without brackets, lower case."""
        return host_name(self.host)

    @property
    def scheme(self) -> str:
        """`http` for this machine itself, `https` for everybody else."""
        return "http" if is_this_machine(self.name) else "https"

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{'@' if self.digest else ':'}{self.version}"


def host_name(host: str) -> str:
    """`Registry.example:5000` → `registry.example`, `[::1]:5000` → `::1`."""
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def is_this_machine(name: str) -> bool:
    """Whether a host is written as this machine itself."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def parse_reference(text: str) -> Reference:
    """Return what an image is called, the tag `latest` where there is neither a tag nor a digest.

    Raises:
        UsageError: it is no such name, or does not name its registry.
    """
    host, slash, rest = text.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        raise UsageError(
            f"expected the image's registry before its name, got {text[:200]!r}", where="--image", hint=_HINT
        )
    rest, at, digest = rest.partition("@")
    repository, colon, tag = rest.partition(":")
    if not _HOST.fullmatch(host) or not _REPOSITORY.fullmatch(repository) or len(repository) > 255:
        raise UsageError(f"expected HOST/REPOSITORY[:TAG|@DIGEST], got {text[:200]!r}", where="--image", hint=_HINT)
    if colon and not _TAG.fullmatch(tag):
        raise UsageError(f"expected a tag, got {tag[:200]!r}", where="--image", hint=_HINT)
    if at:
        try:
            check_digest(digest)
        except FactError as error:
            raise UsageError(error.message, where="--image", hint=_HINT) from None
    return Reference(host, repository, digest if at else tag or "latest")
