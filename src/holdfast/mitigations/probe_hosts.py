"""Whom the probes of a manifest may ask: a team writes them, and the operator's server sends them.

Rules:
1. Nobody is asked at a link-local address or where a cloud tells machines their credentials, whatever is allowed: not
   by a name that leads there, not by an address that is written in another way.
2. Where the operator names hosts (`probes` in the operator's file), no other is asked.
3. Of a name it is known only at the moment of asking where it leads: rule 1 is kept again there, of every address.

Source: RFC 3927 and RFC 4291 for link-local addresses; RFC 6052, RFC 8215, RFC 4291, RFC 2765 and RFC 3056 for IPv4
addresses within IPv6 ones.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from holdfast.model.frozen import frozen
from holdfast.model.plan import Plan, Probe
from holdfast.model.target import Target

SECTION = "probes"
"""The section of the operator's file; each of its hosts is an entry's name."""

HINT = "probe what the operator's file names under `probes`, or have it named there"

_NEVER = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google Cloud
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle Cloud
    )
)
_WITHIN = tuple(ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/96", "::/96", "::ffff:0:0:0/96"))
_PORTS = {"http": 80, "https": 443}
_PATTERN = re.compile(r"(?:\*\.)?(?:[a-z0-9_][a-z0-9_-]{0,62}\.)*[a-z0-9_][a-z0-9_-]{0,62}", re.ASCII | re.IGNORECASE)
_WITH_PORT = re.compile(r"([^:]+|\[.+\]):([0-9]{1,5})", re.ASCII)


def find_forbidden(address: str) -> str | None:
    """Say why nobody may be asked at an address, `None` when one may; what is no address is no matter here."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    for one in (found, *_embedded(found)):
        if any(one.version == network.version and one in network for network in _NEVER):
            return f"{address} is link-local, or a cloud's own: no probe asks there"
    return None


def _embedded(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    out = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    return [*out, IPv4Address(int(address) & 0xFFFFFFFF)] if any(address in network for network in _WITHIN) else out


@frozen
class ProbeHosts:
    """The hosts that the operator lets probes ask: `shop.example`, `*.shop.example`, either with `:443`.

    Without any, every host may be asked, but for rule 1. `closed` is why none may, `None` where one may.
    """

    patterns: tuple[str, ...] = ()
    closed: str | None = None

    def find_refusal(self, host: str, port: int) -> str | None:
        """Say why a probe may not ask there, `None` when it may as far as the text tells."""
        if self.closed is not None:
            return self.closed
        forbidden = find_forbidden(host)
        if forbidden is not None or not self.patterns:
            return forbidden
        if any(_fits(pattern, host.lower().rstrip("."), port) for pattern in self.patterns):
            return None
        shown = f"[{host}]" if ":" in host else host
        return f"the operator lets no probe ask `{shown[:200]}:{port}`"


ANYBODY = ProbeHosts()
"""Whom probes may ask where the operator names nobody."""


def hosts_of(targets: Iterable[Target]) -> ProbeHosts:
    """Return the hosts among the entries of an operator's file."""
    return ProbeHosts(tuple(one.name for one in targets if one.section == SECTION))


def _fits(pattern: str, host: str, port: int) -> bool:
    wanted, only = split_host(pattern.lower())
    if only not in {None, port}:
        return False
    return host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted


def split_host(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port`, `[address]` or `[address]:port`; a host that is an address has no brackets."""
    found = _WITH_PORT.fullmatch(text)
    host, port = (found[1], int(found[2])) if found else (text, None)
    return (host[1:-1] if _is_bracketed(host) else host), port


def _is_bracketed(host: str) -> bool:
    return host.startswith("[") and host.endswith("]")


def find_wrong_pattern(text: str) -> str | None:
    """Say what is wrong with a host of the operator's file, `None` when it is one."""
    host, port = split_host(text)
    if port is not None and not 0 < port < 65536:
        return f"there is no port {port}"
    bracketed = text.startswith("[")
    if not (_is_address(host) if bracketed else len(host) < 254 and _PATTERN.fullmatch(host)):
        return "expected a host, or `*.` and one, with or without a port"
    return find_forbidden(host)


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def find_refused(probe: Probe, hosts: ProbeHosts) -> str | None:
    """Say why a probe may not be sent, `None` when it may; what `{target}` stands for is known when it is sent."""
    if probe.kind not in {"http", "tcp"}:
        return None
    asked = address_of(probe.url) if probe.kind == "http" else split_host(probe.url)
    if asked is None or asked[1] is None or "{target}" in asked[0]:
        return None
    return hosts.find_refusal(asked[0], asked[1])


def find_refused_in(plan: Plan, hosts: ProbeHosts) -> Iterator[str]:
    """Yield why probes of a plan may not be sent: of its effect, of the service's health, and of its steps."""
    steps = [step for step in plan.steps if step.action == "probe"]
    asked = [Probe("http", url) for step in steps if (url := step.argument("url"))]
    asked += [Probe("tcp", address) for step in steps if (address := step.argument("address"))]
    for probe in (*plan.verify, *plan.health, *asked):
        refusal = find_refused(probe, hosts)
        if refusal is not None:
            yield f"the probe of {probe.url[:200]} may not be sent: {refusal}"


def address_of(url: str) -> tuple[str, int] | None:
    """Return host and port of a URL of HTTP; `None` when it is none: sending it says so."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
