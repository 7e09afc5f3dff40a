"""`deno.lock`. Source: https://docs.deno.com/runtime/reference/cli/outdated/"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of a dependency that the project names; there is no way to raise another by itself."""
    if not upgrade.is_transitive:
        return Advice(command("deno", "outdated", "--update", f"{upgrade.name}@{upgrade.version}"))
    return Advice(None, note=f"`{upgrade.raise_name}` asks for it: raise that one (`deno outdated --update`)")


SPEC = Guide("deno_lock", advise)
