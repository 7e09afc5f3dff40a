"""`package-lock.json`. Source: https://docs.npmjs.com/cli/commands/npm-update, package.json `overrides`"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `npm install` for a direct dependency, `npm update` for one that something else asks for; without scripts.

    An alias stays: it is raised under the name it was installed under.
    """
    installed = upgrade.alias or upgrade.name
    wanted = f"npm:{upgrade.name}@{upgrade.version}" if upgrade.alias else upgrade.version
    if not upgrade.is_transitive:
        return Advice(command("npm", "install", "--ignore-scripts", f"{installed}@{wanted}"))
    override = f'"overrides": {{"{installed}": "{wanted}"}}'
    short = f"if it does not reach {upgrade.version}, raise that one, or write {override} in package.json"
    note = f"`{upgrade.raise_name}` asks for it: {short}"
    return Advice(command("npm", "update", "--ignore-scripts", installed), note=note)


SPEC = Guide("package_lock_json", advise)
