"""`packages.lock.json` of NuGet. Source: https://learn.microsoft.com/dotnet/core/tools/dotnet-add-package"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command, commands


def advise(upgrade: Upgrade) -> Advice:
    """Return the package at the version in the project, and the lock file written again.

    What something else asks for is raised by asking for it directly: NuGet has no other way.
    """
    add = command("dotnet", "add", "package", upgrade.name, "--version", upgrade.version)
    note = "it evaluates the project, which may run tasks of it"
    if upgrade.is_transitive:
        note = f"`{upgrade.raise_name}` asks for it: raise that one instead where a newer one does; {note}"
    return Advice(commands(add, command("dotnet", "restore", "--force-evaluate")), note=note)


SPEC = Guide("packages_lock_json", advise)
