"""`package-lock.json`. Source: https://docs.npmjs.com/cli/commands/npm-update, package.json `overrides`"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `npm install` for a direct dependency, `npm update` for one that something else asks for."""
    if not upgrade.is_transitive:
        return Advice(command("npm", "install", f"{upgrade.name}@{upgrade.version}"))
    override = f'"overrides": {{"{upgrade.name}": "{upgrade.version}"}}'
    short = f"if it does not reach {upgrade.version}, raise that one, or write {override} in package.json"
    note = f"`{upgrade.raise_name}` asks for it: {short}"
    return Advice(command("npm", "update", upgrade.name), note=note)


SPEC = Guide("package_lock_json", advise)
