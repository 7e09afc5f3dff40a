"""What nobody foresaw: an adapter or an action that raises what it does not promise.

Rules:
1. Everything outside that is asked on behalf of a run promises `HoldfastError`s. Whatever else it raises is an error of
   that one step or message, named by its type, and never the end of a round. Its text is left out: it may hold a
   secret; only the system's own words are kept.
2. This is the one place that catches errors of every kind (decision 0016). A process that is told to end is not caught.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import ActionError, HoldfastError


@contextmanager
def only_promised(what: str, known: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Let errors of ours and `known` ones, the store's, pass, and make any other an error of this one thing.

    An `OSError` is never known: whoever asks over a network raises one, with an address in its text.

    Raises:
        ActionError: naming `what` raised, and the type of what it raised.
    """
    try:
        yield
    except HoldfastError:
        raise
    except Exception as error:  # decision 0016: what a third party's code raises is known to nobody
        if isinstance(error, known) and not isinstance(error, OSError):
            raise
        told = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        because = f"{what} raised `{type(error).__name__}`, which it does not promise{told}"
        raise ActionError(because, hint="this is a fault in the adapter: tell who wrote it") from error
