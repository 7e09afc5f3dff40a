"""`pubspec.lock`. Source: https://dart.dev/tools/pub/cmd/pub-upgrade"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the upgrade of this package alone; Pub runs no scripts."""
    whose = f"`{upgrade.raise_name}`, which asks for it," if upgrade.is_transitive else "its bound in pubspec.yaml"
    line = command("dart", "pub", "upgrade", upgrade.name)
    return Advice(line, note=f"if it does not reach {upgrade.version}, raise {whose} first")


SPEC = Guide("pubspec_lock", advise)
