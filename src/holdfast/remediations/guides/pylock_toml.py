"""`pylock.toml`, which several tools write. Source: the PyPA specification of the format"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return no command: the format belongs to no tool; the file names the one that wrote it."""
    writers = [line.partition("=")[2].strip().strip("\"'") for line in upgrade.head if line.startswith("created-by")]
    tool = f"`{writers[0][:40]}`, which wrote the file" if writers else "the tool that wrote the file"
    return Advice(None, note=f"lock it again with {tool}, with `{upgrade.name}` at {upgrade.version} or above")


SPEC = Guide("pylock_toml", advise)
