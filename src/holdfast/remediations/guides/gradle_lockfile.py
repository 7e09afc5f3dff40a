"""`gradle.lockfile`. Source: https://docs.gradle.org/current/userguide/dependency_locking.html"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this module's lock; it runs the build scripts, as everything of Gradle does."""
    line = command("./gradlew", "dependencies", "--update-locks", upgrade.name)
    pin = f"{upgrade.name}:{upgrade.version}"
    return Advice(line, note=f"it runs the build; write `{pin}` there first, as a dependency or a constraint")


SPEC = Guide("gradle_lockfile", advise)
