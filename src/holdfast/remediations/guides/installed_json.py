"""`vendor/composer/installed.json` is written by Composer; the fix belongs into the lock file."""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return no command: what is installed follows the lock file."""
    return Advice(None, note=f"raise `{upgrade.raise_name}` in the composer.lock that it was installed from")


SPEC = Guide("installed_json", advise)
