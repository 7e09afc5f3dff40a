"""A small shop: two features behind OpenFeature flags, in a process of its own.

    python shop.py --port 8441

Flags are read over OFREP from `HOLDFAST_OFREP_URL` with the token in `HOLDFAST_OFREP_TOKEN`. Where the flags cannot be
read, both features are off: the code default of a kill switch is its safe side.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import uvicorn
from litestar import Litestar, get
from litestar.params import Parameter
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from recommendations import GOODS, recommend

HERE = Path(__file__).parent
ORDERS = {1: ("anchor", "ada@example.com"), 2: ("rope", "<b>bob</b>@example.net")}

VERSION = (HERE / "VERSION").read_text().strip() if (HERE / "VERSION").exists() else "development"
"""Which release this is: stands in its folder, see releases.py."""


def load_renderer() -> ModuleType:
    """Import acme_pdf in the version that the lock file pins, from the shop's own package folder."""
    pins = (line.split("==") for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line)
    version = next(pin[1].split()[0] for pin in pins if pin[0] == "acme-pdf")
    sys.path.insert(0, str(HERE / "packages" / f"acme_pdf-{version}"))
    return importlib.import_module("acme_pdf")


acme_pdf = load_renderer()


def is_on(flag: str, email: str) -> bool:
    """Ask the flag for this customer; off when nobody answers."""
    return api.get_client().get_boolean_value(flag, False, EvaluationContext(email, {"email": email}))


@get("/receipts/{order:int}", sync_to_thread=True)
def receipt(order: Annotated[int, Parameter(ge=1, le=2)]) -> dict[str, str]:
    """A receipt: drawn by acme_pdf while the feature is on, plain text otherwise."""
    good, email = ORDERS[order]
    lines = [f"1 x {good}", f"{GOODS[good]} EUR", f"sold to {email}"]
    if is_on("shop.receipts", email):
        return {"renderer": f"acme-pdf {acme_pdf.VERSION}", "receipt": acme_pdf.render("Receipt", lines)}
    return {"renderer": "plain", "receipt": "\n".join(lines)}


@get("/orders/{order:int}", sync_to_thread=True)
def order_page(order: Annotated[int, Parameter(ge=1, le=2)]) -> dict[str, object]:
    """An order, with recommendations while that feature is on for the customer."""
    good, email = ORDERS[order]
    return {"good": good, "recommended": recommend(good) if is_on("shop.recommendations", email) else []}


@get("/healthz", sync_to_thread=False)
def health() -> dict[str, str]:
    """Whether the shop is up, and as which release."""
    return {"status": "ok", "version": VERSION}


def main() -> None:
    """Serve on loopback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8441)
    port = parser.parse_args().port
    token = os.environ.get("HOLDFAST_OFREP_TOKEN", "")
    url = os.environ.get("HOLDFAST_OFREP_URL", "http://127.0.0.1:8440")
    headers = {"Authorization": f"Bearer {token}"}
    api.set_provider(OFREPProvider(url, headers_factory=lambda: headers, timeout=1.0))
    uvicorn.run(Litestar([receipt, order_page, health]), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
