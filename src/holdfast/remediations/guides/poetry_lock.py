"""`poetry.lock`. Source: https://python-poetry.org/docs/cli/"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `poetry add` for a direct dependency, `poetry update` for one that something else asks for."""
    if upgrade.is_transitive:
        note = f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}"
        return Advice(command("poetry", "update", upgrade.name), note=note)
    return Advice(command("poetry", "add", f"{upgrade.name}@>={upgrade.version}"))


SPEC = Guide("poetry_lock", advise)
