"""`composer.lock`. Source: https://getcomposer.org/doc/03-cli.md#update-u-upgrade"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this package alone, without scripts and plugins."""
    pin = f"{upgrade.name}:{upgrade.version}"
    line = command("composer", "update", "--no-scripts", "--no-plugins", "--with-dependencies", pin)
    if upgrade.is_transitive:
        return Advice(line, note=f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}")
    return Advice(line, note=f"if composer.json forbids {upgrade.version}, raise its bound there first")


SPEC = Guide("composer_lock", advise)
