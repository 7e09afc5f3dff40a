"""An exposure, a service and an environment of our own, for the tests to bend."""

from datetime import UTC, datetime

from holdfast.model.component import Location
from holdfast.model.exposure import Clocks, Exposure, Risk, State, Subject
from holdfast.model.inventory import Environment, Reach, Service

NOW = datetime(2026, 1, 1, tzinfo=UTC)

EXPOSURE = Exposure(
    org="o",
    id="exp_1",
    fingerprint="1:abc",
    episode=1,
    subject=Subject("service", "svc_1", "shop"),
    environment="production",
    ecosystem="PyPI",
    name="acme-pdf",
    cluster="clu_1",
    advisories=("OSV-1", "CVE-1"),
    versions=("1.0",),
    state=State.OPEN,
    clocks=Clocks(None, None, None, NOW, NOW),
    risk=Risk(severity=9.8, known_exploited=True, epss=0.5, reach=Reach.INTERNET, fix_version="1.1"),
    backlog=False,
    direct=True,
    locations=(Location("src/receipts/uv.lock", 12),),
    summary="a hole in acme-pdf",
)
SERVICE = Service("o", "svc_1", "shop", "storefront", 1, Reach.INTERNET, True, NOW)
PRODUCTION = Environment("o", "env_1", "production", 1, Reach.INTERNET)
