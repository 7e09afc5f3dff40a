"""Commands that write a lock file without running anything of the tree: no scripts, no plugins, no credentials.

Rules:

1. Only tools that can be told so are here; the others evaluate the project (Bundler, Gradle, Mix, CocoaPods, Poetry's
   and uv's builds, Yarn's own releases in the tree), and are printed for somebody to run.
2. A tree that holds what could name programs to the tool is not locked either: `unless` lists those files, looked for
   in the folder of the lock file and above; a person's own home ends the look, unless the tool looks further (Cargo).
3. A name that does not look like one of its ecosystem gets no command.
"""

import shlex

from holdfast.model.component import Component
from holdfast.model.frozen import frozen
from holdfast.remediations.guides._spec import is_safe


@frozen
class Lock:
    """A command to be run in the folder of a lock file, and what else stands in its environment."""

    argv: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    unless: tuple[str, ...] = ()
    is_home_read: bool = False

    @property
    def text(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.argv)


_CARGO_FILES = (".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain")


def find_lock(format_id: str | None, component: Component, version: str, *, is_edited: bool) -> Lock | None:
    """Return what locks a component at a version, after its manifest was edited or without that; `None` where no tool
    can do it safely."""
    name, current = component.name, component.version
    if not all(is_safe(word) for word in (name, current, version)):
        return None
    match format_id:
        case "package_lock_json":
            verb = ("npm", "install") if is_edited else ("npm", "update", name)
            quiet = ("--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
            return Lock((*verb, *quiet), (("npm_config_git", "git"),), (".npmrc",))
        case "cargo_lock":
            argv = ("cargo", "update", "-p", f"{name}@{current}", "--precise", version)
            return Lock(argv, (("RUSTC_WRAPPER", ""), ("RUSTC_WORKSPACE_WRAPPER", "")), _CARGO_FILES, is_home_read=True)
        case "go_mod":
            variables = (("GOTOOLCHAIN", "local"), ("GOVCS", "*:off"), ("GOFLAGS", "-mod=mod"), ("GOWORK", "off"))
            return Lock(("go", "mod", "tidy"), variables)
        case "composer_lock":
            off = ("--no-install", "--no-scripts", "--no-plugins", "--no-interaction", "--with-dependencies")
            return Lock(("composer", "update", *off, f"{name}:{version}"))
        case _:
            return None
