"""`go.mod`. Source: https://go.dev/ref/mod#go-get"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command, commands

_OWN = {"stdlib": "go", "toolchain": "toolchain", "go": "go"}
"""The standard library comes with the language version that `go.mod` names."""


def advise(upgrade: Upgrade) -> Advice:
    """Return `go get` with the version, which raises indirect modules as well."""
    tidy = command("go", "mod", "tidy")
    if upgrade.name in _OWN:
        word = f"{_OWN[upgrade.name]}@{upgrade.version.removeprefix('v').removeprefix('go')}"
        return Advice(commands(command("go", "get", word), tidy), note="build with that version of Go as well")
    version = upgrade.version if upgrade.version.startswith("v") else f"v{upgrade.version}"
    return Advice(commands(command("go", "get", f"{upgrade.name}@{version}"), tidy))


SPEC = Guide("go_mod", advise)
