"""Debian packages. Source: apt-get(8)"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command, commands


def advise(upgrade: Upgrade) -> Advice:
    """Return the upgrade of this package alone."""
    install = command("apt-get", "install", "--only-upgrade", f"{upgrade.name}={upgrade.version}")
    return Advice(commands(command("apt-get", "update"), install), note="as root; restart what uses it")


SPEC = Guide("dpkg", advise)
