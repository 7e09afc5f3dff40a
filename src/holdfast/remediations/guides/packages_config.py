"""`packages.config`. Source: https://learn.microsoft.com/nuget/reference/cli-reference/cli-ref-update"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this package alone, which changes the project's references as well."""
    line = command("nuget", "update", "packages.config", "-Id", upgrade.name, "-Version", upgrade.version)
    return Advice(line, note="packages of this kind may run scripts of theirs in Visual Studio, not here")


SPEC = Guide("packages_config", advise)
