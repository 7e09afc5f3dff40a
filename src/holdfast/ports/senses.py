"""What probes look with, besides the targets that the operator configured."""

from dataclasses import dataclass

from holdfast.ports.http import Http
from holdfast.ports.tcp import Tcp


@dataclass(frozen=True, slots=True)
class Senses:
    """`None` is a sense that is not there: inside a transaction nothing outside is looked at."""

    http: Http | None = None
    tcp: Tcp | None = None
