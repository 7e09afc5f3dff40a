"""The suite that every store passes, on every engine that `store` gives."""

from holdfast.testing.stores_adoption import AdoptionSuite
from holdfast.testing.stores_advisories import AdvisorySuite, SpanSuite
from holdfast.testing.stores_drills import DrillSuite
from holdfast.testing.stores_driving import LeaseSuite, OutboxSuite, ReadySuite, SignalSuite, TimerSuite
from holdfast.testing.stores_facts import HostSuite, InventorySuite, TenantSuite, TransactionSuite
from holdfast.testing.stores_findings import ExposureSuite, JournalSuite, MitigationSuite
from holdfast.testing.stores_gate import GateSuite
from holdfast.testing.stores_guards import GuardSuite
from holdfast.testing.stores_impact import ImpactSuite
from holdfast.testing.stores_retention import RetentionSuite
from holdfast.testing.stores_trusts import TrustSuite
from holdfast.testing.stores_vex import VexSuite


class TestTenants(TenantSuite):
    """Orgs, tokens, settings, teams."""


class TestInventory(InventorySuite):
    """Services, releases, deployments."""


class TestHosts(HostSuite):
    """Hosts under leases."""


class TestTransactions(TransactionSuite):
    """What holds for every transaction."""


class TestAdvisories(AdvisorySuite):
    """Records by revision, in layers."""


class TestSpans(SpanSuite):
    """Matches, expanded over what ran."""


class TestExposures(ExposureSuite):
    """Episodes of exposures."""


class TestImpact(ImpactSuite):
    """What runs inside an interval."""


class TestMitigations(MitigationSuite):
    """Runs, flags, overlays."""


class TestDrills(DrillSuite):
    """Evidence of rehearsals, and what they make."""


class TestJournal(JournalSuite):
    """The chain."""


class TestLeases(LeaseSuite):
    """Who drives which run."""


class TestReady(ReadySuite):
    """What a worker may go on with."""


class TestTimers(TimerSuite):
    """What is due later."""


class TestSignals(SignalSuite):
    """What came in."""


class TestRetention(RetentionSuite):
    """What is forgotten."""


class TestOutbox(OutboxSuite):
    """What is to be told to others."""


class TestGuards(GuardSuite):
    """What guards count."""


class TestAdoption(AdoptionSuite):
    """What services inherited."""


class TestVex(VexSuite):
    """What others say of vulnerabilities."""


class TestTrusts(TrustSuite):
    """Whose pipelines may log in."""


class TestGate(GateSuite):
    """Policies, waivers, builds."""
