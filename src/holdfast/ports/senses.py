"""What probes look with, besides the targets that the operator configured."""

from holdfast.model.frozen import frozen
from holdfast.ports.http import Http
from holdfast.ports.tcp import Tcp


@frozen
class Senses:
    """`None` is a sense that is not there: inside a transaction nothing outside is looked at."""

    http: Http | None = None
    tcp: Tcp | None = None
