"""`Gemfile.lock`, `gems.locked`. Source: https://bundler.io/man/bundle-lock.1.html"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this gem alone in the lock file; nothing is installed, the Gemfile is run by Bundler."""
    line = command("bundle", "lock", "--conservative", "--update", upgrade.name)
    asked = f"`{upgrade.raise_name}` asks for it; " if upgrade.is_transitive else ""
    whose = f"`{upgrade.raise_name}`" if upgrade.is_transitive else "its bound in the Gemfile"
    return Advice(line, note=f"{asked}if it does not reach {upgrade.version}, raise {whose} first")


SPEC = Guide("gemfile_lock", advise)
