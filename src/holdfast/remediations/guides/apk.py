"""Alpine's packages, and those of its relatives. Source: apk-add(8)"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the packages at the version or above; apk upgrades these alone."""
    line = command("apk", "add", "--upgrade", *upgrade.packages(">="))
    return Advice(line, note="as root; in an image, build it again on a newer base")


SPEC = Guide("apk", advise)
