"""`Pipfile.lock`. Source: https://pipenv.pypa.io/en/latest/commands.html#upgrade"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `pipenv upgrade`, which installs nothing; the Pipfile does not learn of what something else asks for."""
    pin = f"{upgrade.name}=={upgrade.version}"
    if upgrade.is_transitive:
        note = f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}"
        return Advice(command("pipenv", "upgrade", "--lock-only", pin), note=note)
    return Advice(command("pipenv", "upgrade", pin))


SPEC = Guide("pipfile_lock", advise)
