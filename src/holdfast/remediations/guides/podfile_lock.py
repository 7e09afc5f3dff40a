"""`Podfile.lock` of CocoaPods. Source: https://guides.cocoapods.org/terminal/commands.html#pod_update"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this pod alone; CocoaPods runs the Podfile for it."""
    note = f"it runs the Podfile; if it does not reach {upgrade.version}, raise its requirement there first"
    return Advice(command("pod", "update", upgrade.name), note=note)


SPEC = Guide("podfile_lock", advise)
