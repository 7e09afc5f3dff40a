"""RPM packages. Source: dnf(8)"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the upgrade of these packages alone; an epoch stands before the name's version in dnf's own words."""
    return Advice(command("dnf", "upgrade", *upgrade.packages("-")), note="as root; restart what uses it")


SPEC = Guide("rpm", advise)
