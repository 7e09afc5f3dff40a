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


FULL = """\
version: 1
services:
  - name: shop
    plans:
      - id: careful
        when: finding.severity >= 7.0
        do:
          - {action: notify, id: tell, to: on-call}
          - {action: flag.off, id: off, after: [], flag: shop.receipts, attempts: 5, backoff: 500ms, deadline: 2m}
          - {action: edge.block, after: [tell, off], path: /receipts}
          - {action: wait, after: off, for: 30s}
        coverage: full
        verify:
          - http: {url: "http://{target}:8000/receipt", expect: {status: 503}}
          - tcp: {address: "{target}:5432", interval: 1s, deadline: 5s}
          - command: {name: look, what: receipts, deep: true, deadline: 10s}
          - flag: {flag: shop.receipts, variant: off}
          - prometheus: {query: "up == 1", above: 0.5, below: 1e3, source: main}
        autonomy: {default: observe, production: approve-2}
        otherwise: down
        on_failure: keep
        expires: 12h
        on_expiry: revert
        health: [{http: {url: "http://127.0.0.1:8000/health", expect: {status: 204}}}]
        health_for: 5m
        max_share: 25%
        cooldown: 30m
      - {id: down, when: "true", do: [{action: service.off}]}
    drills: [{plan: careful, every: 1d, level: L2, environment: staging}, {plan: down, every: 1d, level: L0}]
"""
"""A manifest that uses all that a plan can say."""
