"""A manifest of our own that is in order, for the tests to bend."""

GOOD = """\
version: 1
services:
  - name: shop
    team: storefront
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - name: receipts
        flag: shop.receipts
        safe: off
        covers: ["pkg:pypi/acme-pdf", "src/receipts/**"]
    plans:
      - id: receipts-off
        when: finding.severity >= 7.0 && component.name == "acme-pdf"
        do: [{action: flag.off, flag: shop.receipts}]
        coverage: full
        verify:
          - http:
              url: "http://127.0.0.1:8000/receipt"
              expect: {status: 200, json: {"/renderer": plain, "/n": 1}, text: "paid"}
              interval: 200ms
              deadline: 1m
        autonomy: {default: observe, staging: auto, production: approve-1}
    drills: [{plan: receipts-off, every: 7d, level: L1}]
"""


def with_line(old: str, new: str) -> bytes:
    """The manifest with one piece of text replaced, as bytes."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times"
    return GOOD.replace(old, new).encode()
