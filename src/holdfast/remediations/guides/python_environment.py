"""An installed Python environment. Source: https://pip.pypa.io/en/stable/cli/pip_install/"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the install of the version, and that the environment is made from something."""
    line = command("python", "-m", "pip", "install", f"{upgrade.name}=={upgrade.version}")
    return Advice(line, note="raise it in the lock file that this environment is installed from as well")


SPEC = Guide("python_environment", advise)
