"""`yarn.lock`, of Yarn 1 and of later ones, which the first lines tell apart.

Yarn 1 raises no package that something else asks for: that takes a line in package.json, which both know.

Source: https://classic.yarnpkg.com/en/docs/cli/upgrade, https://yarnpkg.com/cli/up
"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the command of the Yarn that wrote the file, without scripts or builds; no command where it can't tell."""
    installed = upgrade.alias or upgrade.name
    wanted = f"npm:{upgrade.name}@{upgrade.version}" if upgrade.alias else upgrade.version
    is_classic = any("yarn lockfile v1" in line for line in upgrade.head)
    is_berry = any(line.startswith("__metadata:") for line in upgrade.head)
    resolution = f'"resolutions": {{"{installed}": "{wanted}"}} in package.json'
    if not upgrade.is_transitive:
        if is_classic:
            return Advice(command("yarn", "upgrade", "--ignore-scripts", f"{installed}@{wanted}"))
        if is_berry:
            return Advice(command("yarn", "up", "--mode=skip-build", f"{installed}@{wanted}"))
        return Advice(None, note=f"raise it to {upgrade.version} in package.json, then run `yarn install`")
    asked = f"`{upgrade.raise_name}` asks for it: "
    if is_berry:
        line = command("yarn", "up", "--recursive", "--mode=skip-build", installed)
        return Advice(
            line, note=f"{asked}if it does not reach {upgrade.version}, raise that one, or write {resolution}"
        )
    install = command("yarn", "install", "--ignore-scripts" if is_classic else "--mode=skip-build")
    return Advice(None, note=f"{asked}raise that one, or write {resolution}, then run `{install}`")


SPEC = Guide("yarn_lock", advise)
