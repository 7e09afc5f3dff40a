"""`conda-meta` of an installed environment. Source: https://docs.conda.io"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the install of the version, and that the environment is made from something."""
    line = command("conda", "install", f"{upgrade.name}={upgrade.version}")
    return Advice(line, note="raise it in the file that this environment is made from as well")


SPEC = Guide("conda_meta", advise)
