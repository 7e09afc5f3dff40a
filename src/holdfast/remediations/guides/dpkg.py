"""Debian packages. Source: apt-get(8)"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command, commands


def advise(upgrade: Upgrade) -> Advice:
    """Return the upgrade of these packages alone."""
    install = command("apt-get", "install", "--only-upgrade", *upgrade.packages("="))
    is_pro = upgrade.ecosystem.startswith("Ubuntu") and "esm" in upgrade.version
    note = "as root, with Ubuntu Pro; restart what uses it" if is_pro else "as root; restart what uses it"
    return Advice(commands(command("apt-get", "update"), install), note=note)


SPEC = Guide("dpkg", advise)
