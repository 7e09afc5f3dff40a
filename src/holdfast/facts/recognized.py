"""Dependency files that are known by name and not read yet, and manifests that a lock file stands for."""

from holdfast.model.frozen import frozen

RECOGNIZED: dict[str, str] = {
    "bun.lockb": "Bun binary lock file",
    "pixi.lock": "Pixi lock file",
    "conda-lock.yml": "Conda lock file",
    "environment.yml": "Conda environment",
    "environment.yaml": "Conda environment",
    "build.sbt": "sbt build",
    "ivy.xml": "Ivy module",
    "paket.lock": "Paket lock file",
    "rebar.lock": "Rebar lock file",
    "Cartfile.resolved": "Carthage lock file",
    "vcpkg.json": "vcpkg manifest",
    "renv.lock": "renv lock file",
    "cabal.project.freeze": "Cabal lock file",
    "stack.yaml.lock": "Stack lock file",
    "Manifest.toml": "Julia manifest",
    "MODULE.bazel.lock": "Bazel lock file",
    "flake.lock": "Nix lock file",
    "go.work": "Go workspace",
    ".terraform.lock.hcl": "Terraform lock file",
    "Chart.lock": "Helm lock file",
    "maven_install.json": "Bazel lock file of Maven artifacts",
    "bower.json": "Bower manifest",
    "shard.lock": "Crystal lock file",
    "dub.selections.json": "D lock file",
    "cpanfile.snapshot": "Perl lock file",
    "*.opam.locked": "opam lock file",
    "luarocks.lock": "LuaRocks lock file",
    "*.spdx.rdf": "SPDX document (RDF, YAML or XML)",
    "*.spdx.rdf.xml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.xml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.yaml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.yml": "SPDX document (RDF, YAML or XML)",
}
"""Glob → what it is. A file that a reader claims is not looked up here."""


@frozen
class Manifest:
    """A file that asks for dependencies without fixing them.

    `locks` are the files that fix them, beside it or in a folder above; `beside` those that do so only beside it: a
    name with `/` is a folder of them, and `*` stands for the manifest's own name. `marks` are the words without which
    it asks for nothing.
    """

    locks: tuple[str, ...]
    marks: tuple[bytes, ...] = ()
    beside: tuple[str, ...] = ()


_NODE = (
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
)
_PYTHON = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pixi.lock", "Pipfile.lock")
_COMPILED = ("requirements.txt", "requirements/")
_GRADLE = Manifest((), (b"dependencies", b"plugins", b"apply"), ("gradle.lockfile",))
_DOTNET = Manifest((), (b"PackageReference",), ("packages.lock.json",))

MANIFESTS: dict[str, Manifest] = {
    "pyproject.toml": Manifest(_PYTHON, (b"dependencies", b"dependency-groups"), _COMPILED),
    "*requirements*.in": Manifest((), (), ("*.txt",)),
    "requirements/*.in": Manifest((), (), ("*.txt",)),
    "setup.py": Manifest(_PYTHON, (b"_require",), _COMPILED),
    "setup.cfg": Manifest(_PYTHON, (b"_require",), _COMPILED),
    "Pipfile": Manifest(("Pipfile.lock",)),
    "package.json": Manifest(_NODE, (b"ependencies",)),
    "Cargo.toml": Manifest(("Cargo.lock",), (b"dependencies",)),
    "Gemfile": Manifest(("Gemfile.lock",)),
    "gems.rb": Manifest(("gems.locked",)),
    "*.gemspec": Manifest(("Gemfile.lock", "gems.locked"), (b"dependency",)),
    "composer.json": Manifest(("composer.lock",), (b"require",)),
    "pubspec.yaml": Manifest(("pubspec.lock",), (b"dependencies",)),
    "mix.exs": Manifest(("mix.lock",), (b"deps",)),
    "Package.swift": Manifest(("Package.resolved",), (b".package",)),
    "Podfile": Manifest(("Podfile.lock",)),
    "Cartfile": Manifest(("Cartfile.resolved",)),
    "deno.json": Manifest(("deno.lock",), (b"imports",)),
    "build.gradle": _GRADLE,
    "build.gradle.kts": _GRADLE,
    "*.csproj": _DOTNET,
    "*.fsproj": _DOTNET,
    "*.vbproj": _DOTNET,
    "conanfile.txt": Manifest((), (), ("conan.lock",)),
    "conanfile.py": Manifest((), (b"require",), ("conan.lock",)),
}
