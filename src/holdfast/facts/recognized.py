"""Dependency files that are known by name and not read yet, and manifests that a lock file stands for."""

from dataclasses import dataclass

RECOGNIZED: dict[str, str] = {
    "bun.lockb": "Bun binary lock file",
    "Pipfile.lock": "Pipenv lock file",
    "pylock.toml": "Python lock file (PEP 751)",
    "pylock.*.toml": "Python lock file (PEP 751)",
    "pdm.lock": "PDM lock file",
    "pixi.lock": "Pixi lock file",
    "conda-lock.yml": "Conda lock file",
    "environment.yml": "Conda environment",
    "environment.yaml": "Conda environment",
    "*-packages/*.egg-info": "installed Python package of the old kind",
    "*-packages/*.egg-info/PKG-INFO": "installed Python package of the old kind",
    "Gemfile.lock": "Bundler lock file",
    "gems.locked": "Bundler lock file",
    "composer.lock": "Composer lock file",
    "build.gradle": "Gradle build",
    "build.gradle.kts": "Gradle build",
    "gradle.lockfile": "Gradle lock file",
    "buildscript-gradle.lockfile": "Gradle lock file",
    "*.versions.toml": "Gradle version catalog",
    "verification-metadata.xml": "Gradle verification metadata",
    "build.sbt": "sbt build",
    "ivy.xml": "Ivy module",
    "packages.lock.json": "NuGet lock file",
    "packages.config": "NuGet packages",
    "Directory.Packages.props": "NuGet central versions",
    "*.csproj": ".NET project",
    "*.fsproj": ".NET project",
    "*.vbproj": ".NET project",
    "*.deps.json": ".NET dependencies",
    "paket.lock": "Paket lock file",
    "mix.lock": "Mix lock file",
    "rebar.lock": "Rebar lock file",
    "pubspec.lock": "Pub lock file",
    "Package.resolved": "Swift package lock file",
    "Podfile.lock": "CocoaPods lock file",
    "Cartfile.resolved": "Carthage lock file",
    "conan.lock": "Conan lock file",
    "conanfile.txt": "Conan requirements",
    "conanfile.py": "Conan recipe",
    "vcpkg.json": "vcpkg manifest",
    "renv.lock": "renv lock file",
    "cabal.project.freeze": "Cabal lock file",
    "stack.yaml.lock": "Stack lock file",
    "Manifest.toml": "Julia manifest",
    "MODULE.bazel.lock": "Bazel lock file",
    "flake.lock": "Nix lock file",
    "go.work": "Go workspace",
    "Dockerfile": "container build file",
    "Dockerfile.*": "container build file",
    "*.Dockerfile": "container build file",
    "Containerfile": "container build file",
    "*.spdx.rdf": "SPDX document (RDF, YAML or XML)",
    "*.spdx.rdf.xml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.xml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.yaml": "SPDX document (RDF, YAML or XML)",
    "*.spdx.yml": "SPDX document (RDF, YAML or XML)",
}
"""Glob → what it is. A file that a reader claims is not looked up here."""


@dataclass(frozen=True, slots=True)
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
}
