"""`conan.lock`. Source: https://docs.conan.io/2/reference/commands/lock/add.html"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the reference added to a lock file of Conan 2; recipes are programs, and nothing of them is run by it."""
    line = command("conan", "lock", "add", f"--requires={upgrade.name}/{upgrade.version}")
    return Advice(line, note="with Conan 2; raise it in the conanfile first, and with Conan 1 lock it again after that")


SPEC = Guide("conan_lock", advise)
