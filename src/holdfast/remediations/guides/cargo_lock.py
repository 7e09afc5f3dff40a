"""`Cargo.lock`. Source: https://doc.rust-lang.org/cargo/commands/cargo-update.html"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `cargo update` to the precise version; the old one is named, for several may be locked."""
    old = f"{upgrade.name}@{upgrade.current}"
    line = command("cargo", "update", "-p", old, "--precise", upgrade.version)
    asked_by = f"`{upgrade.raise_name}` asks for it; " if upgrade.is_transitive else ""
    note = f"{asked_by}if Cargo.toml's requirement forbids {upgrade.version}, raise it there first"
    return Advice(line, note=note)


SPEC = Guide("cargo_lock", advise)
