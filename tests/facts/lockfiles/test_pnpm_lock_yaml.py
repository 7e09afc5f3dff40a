"""`pnpm-lock.yaml`, of lock file versions 5 to 9."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

catalogs:
  default:
    react:
      specifier: ^18.0.0
      version: 18.2.0

patchedDependencies:
  left-pad@1.3.0: {hash: abc, path: patches/left-pad.patch}

importers:

  .:
    dependencies:
      react-dom:
        specifier: 'catalog:'
        version: 18.2.0(react@18.2.0)
      renamed:
        specifier: npm:left-pad@^1.3.0
        version: left-pad@1.3.0(patch_hash=abc)
    optionalDependencies:
      fsevents:
        specifier: ^2.0.0
        version: 2.3.3
    devDependencies:
      is-even:
        specifier: github:jonschlinkert/is-even
        version: https://codeload.github.com/jonschlinkert/is-even/tar.gz/0000aaaa

  packages/ui:
    dependencies:
      '@own/kit':
        specifier: workspace:*
        version: link:../kit
      local:
        specifier: file:../local
        version: file:local(react@18.2.0)

packages:

  fsevents@2.3.3:
    resolution: {integrity: sha512-0}
    os: [darwin]

  is-even@https://codeload.github.com/jonschlinkert/is-even/tar.gz/0000aaaa:
    resolution: {tarball: https://codeload.github.com/jonschlinkert/is-even/tar.gz/0000aaaa}
    version: 1.0.0

  is-odd@3.0.1:
    resolution: {integrity: sha512-0, tarball: https://registry.example/is-odd-3.0.1.tgz}

  left-pad@1.3.0:
    resolution: {integrity: sha512-0}

  local@file:local:
    resolution: {directory: local, type: directory}

  loose-envify@1.4.0:
    resolution: {integrity: sha512-0}

  react-dom@18.2.0:
    resolution: {integrity: sha512-0}

  react@18.2.0:
    resolution: {integrity: sha512-0}

snapshots:

  fsevents@2.3.3:
    optional: true

  is-even@https://codeload.github.com/jonschlinkert/is-even/tar.gz/0000aaaa:
    dependencies:
      is-odd: 3.0.1

  is-odd@3.0.1: {}

  left-pad@1.3.0(patch_hash=abc): {}

  local@file:local(react@18.2.0):
    dependencies:
      react: 18.2.0

  loose-envify@1.4.0: {}

  react-dom@18.2.0(react@18.2.0):
    dependencies:
      loose-envify: 1.4.0
      react: 18.2.0

  react@18.2.0:
    dependencies:
      loose-envify: 1.4.0
"""
V5 = """\
lockfileVersion: 5.4
importers:
  .:
    specifiers:
      a: ^1.0.0
    dependencies:
      a: 1.0.0_b@2.0.0
      c: /b/2.0.0
      site: 'github.com/owner/site/00aa'
      pack: '@files.example/pack.tgz'
    devDependencies:
      linked: link:../linked
packages:
  /a/1.0.0_b@2.0.0:
    resolution: {integrity: sha512-0}
    dependencies:
      b: 2.0.0
      '@s/old': 0.1.0-beta.1+5
    dev: false
  /b/2.0.0:
    resolution: {integrity: sha512-0}
    dev: false
  /@s/old/0.1.0-beta.1+5/b@2.0.0:
    resolution: {integrity: sha512-0}
    dev: true
    optional: true
  registry.example/hosted/3.0.0_b@2.0.0:
    resolution: {integrity: sha512-0, tarball: https://registry.example/hosted}
    optional: true
  github.com/owner/site/00aa:
    resolution: {tarball: https://codeload.github.com/owner/site/tar.gz/00aa}
    name: site
    version: 4.0.0
    dev: false
  '@files.example/pack.tgz':
    resolution: {tarball: https://files.example/pack.tgz}
    name: pack
    version: 5.0.0
  file:../own:
    resolution: {directory: ../own, type: directory}
    name: own
"""
SAMPLE = ("pnpm-lock.yaml", LOCK)


def _read(text: str) -> list[tuple[str, str, str, bool | None, str, int | None]]:
    return rows(read({"pnpm-lock.yaml": text}))


def test_pnpm_every_package_has_its_source_scope_and_line() -> None:
    parsed = read({"pnpm-lock.yaml": LOCK})
    assert sorted(rows(parsed)) == [
        ("@own/kit", "", "path", True, "runtime", 36),
        ("fsevents", "2.3.3", "registry", True, "optional", 45),
        ("is-even", "1.0.0", "vcs", True, "development", 49),
        ("is-odd", "3.0.1", "registry", False, "development", 53),
        ("left-pad", "1.3.0", "registry", True, "runtime", 56),
        ("local", "", "path", True, "runtime", 59),
        ("loose-envify", "1.4.0", "registry", False, "runtime", 62),
        ("react", "18.2.0", "registry", False, "runtime", 68),
        ("react-dom", "18.2.0", "registry", True, "runtime", 65),
    ]
    assert gaps(parsed) == []
    assert path_of(parsed, "loose-envify") == ("react-dom",)
    assert {one.component.name: one.alias for one in parsed.occurrences if one.alias} == {"left-pad": "renamed"}


def test_pnpm_older_keys_have_slashes_peers_hosts_and_addresses() -> None:
    parsed = read({"pnpm-lock.yaml": V5})
    assert sorted(rows(parsed)) == [
        ("@s/old", "0.1.0-beta.1+5", "registry", None, "development", 23),
        ("a", "1.0.0", "registry", True, "runtime", 14),
        ("b", "2.0.0", "registry", True, "runtime", 20),
        ("hosted", "3.0.0", "registry", None, "optional", 27),
        ("linked", "", "path", True, "development", 12),
        ("own", "", "path", None, "runtime", 39),
        ("pack", "5.0.0", "url", True, "runtime", 35),
        ("site", "4.0.0", "vcs", True, "runtime", 30),
    ]
    assert gaps(parsed) == [(14, "`@s/old` 0.1.0-beta.1+5 is asked for and not in the file")]


def test_pnpm_lock_without_importers_has_the_only_project_at_the_top() -> None:
    text = (
        "lockfileVersion: '6.0'\ndependencies:\n  a:\n    specifier: ^1\n    version: 1.0.0(b@2.0.0)\n"
        "packages:\n  /a@1.0.0(b@2.0.0):\n    resolution: {integrity: x}\n    dependencies:\n      b: 2.0.0\n"
        "  /b@2.0.0:\n    resolution: {integrity: x}\n    dev: false\n"
    )
    assert _read(text) == [
        ("a", "1.0.0", "registry", True, "runtime", 7),
        ("b", "2.0.0", "registry", False, "runtime", 11),
    ]


@pytest.mark.parametrize(
    ("key", "entry", "expected"),
    [
        ("a@1.2.3", "{resolution: {commit: 00, repo: x, type: git}}", ("a", "1.2.3", "vcs")),
        ("/a/1.2.3", "{resolution: {directory: x, type: directory}}", ("a", "1.2.3", "path")),
        ("a@1.2.3", "{resolution: {tarball: 'https://files.example/a.tgz'}}", ("a", "1.2.3", "registry")),
        ("'@s/a@git+ssh://git@host.example/a.git#00'", "{version: 2.0.0}", ("@s/a", "2.0.0", "vcs")),
        ("'a@https://files.example/a.tgz'", "{}", ("a", "", "url")),
        ("'file:a.tgz'", "{name: a}", ("a", "", "path")),
        ("'@codeload.github.com/o/a/tar.gz/00'", "{resolution: {gitHosted: true, tarball: x}}", None),
        ("registry.example:4873/@s/a/1.0.0", "{}", ("@s/a", "1.0.0", "registry")),
    ],
)
def test_pnpm_key_and_resolution_tell_the_source(key: str, entry: str, expected: tuple[str, str, str] | None) -> None:
    (row,) = _read(f"lockfileVersion: 6.0\npackages:\n  {key}: {entry}\n")
    assert row[:3] == (expected or ("@codeload.github.com/o/a/tar.gz/00", "", "vcs"))


def test_pnpm_all_documents_are_read() -> None:
    text = (
        "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies:\n      hooks:\n"
        "        specifier: 1.0.0\n        version: 1.0.0\npackages:\n  hooks@1.0.0: {}\nsnapshots:\n"
        "  hooks@1.0.0: {}\n---\nlockfileVersion: '9.0'\nimporters:\n  .:\n"
        "    dependencies: {a: {version: 1.0.0}}\npackages:\n  a@1.0.0: {}\n"
    )
    assert _read(text) == [
        ("hooks", "1.0.0", "registry", True, "development", 10),
        ("a", "1.0.0", "registry", True, "runtime", 19),
    ]


def test_pnpm_variants_by_peers_are_one_component_with_all_places() -> None:
    text = "lockfileVersion: '6.0'\npackages:\n  /a@1.0.0(b@1.0.0): {}\n  /a@1.0.0(b@2.0.0): {}\n"
    (one,) = read({"pnpm-lock.yaml": text}).occurrences
    assert [place.line for place in one.locations] == [3, 4]


def test_pnpm_development_wins_over_nothing_and_runtime_over_development() -> None:
    text = (
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies: {a: {version: 1.0.0}}\n"
        "    devDependencies: {b: {version: 1.0.0}}\npackages:\n  a@1.0.0: {}\n  b@1.0.0: {}\n  c@1.0.0: {}\n"
        "  d@1.0.0: {}\n  e@1.0.0: {}\nsnapshots:\n  a@1.0.0:\n    dependencies: {c: 1.0.0}\n"
        "  b@1.0.0:\n    dependencies: {c: 1.0.0, d: 1.0.0}\n"
        "    optionalDependencies: {e: 1.0.0}\n  c@1.0.0: {}\n  d@1.0.0: {}\n  e@1.0.0: {optional: true}\n"
    )
    scopes = {row[0]: row[4] for row in _read(text)}
    assert scopes == {"a": "runtime", "b": "development", "c": "runtime", "d": "development", "e": "development"}


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("lockfileVersion: 4\n", (1, "expected `lockfileVersion` 5 to 9, got '4'")),
        ("a: 1\n", (1, "expected `lockfileVersion` 5 to 9, got None")),
        ("lockfileVersion: [6]\n", (1, "expected `lockfileVersion` 5 to 9, got ['6']")),
        ("lockfileVersion: 6.0\npackages: [a]\n", (None, "expected `packages` to be a mapping")),
        ("lockfileVersion: 6.0\npackages:\n  /a@1.0.0: x\n", (3, "expected a mapping for `/a@1.0.0`, got 'x'")),
        ("lockfileVersion: 6.0\npackages:\n  /a/: {}\n", (3, "`/a/` has no version")),
        ("lockfileVersion: 6.0\npackages:\n  a@latest: {}\n", (3, "`a@latest` has no version")),
        (
            "lockfileVersion: 6.0\ndependencies:\n  a: 1.0.0\n",
            (3, "`a` 1.0.0 is asked for and not in the file"),
        ),
        ("lockfileVersion: 6.0\ndependencies:\n  a: {specifier: ^1}\n", (3, "`a` has no version")),
        (
            "lockfileVersion: 6.0\nimporters:\n  .:\n    dependencies: [a]\n",
            (3, "expected `dependencies` to be a mapping, got ['a']"),
        ),
        (
            "lockfileVersion: 6.0\npackages:\n  /a@1.0.0: {}\npackages: {}\n",
            (4, "`packages` is there twice (first in line 2): only the last one was read"),
        ),
        ("lockfileVersion: 6.0\n<<<<<<< HEAD\n", (2, "merge conflict markers")),
        ("lockfileVersion: 6.0\n---\na: 1\n", (1, "expected `lockfileVersion` 5 to 9, got None")),
        ("lockfileVersion: 6.0\n---\na\n", (1, "expected a YAML mapping, got text")),
    ],
)
def test_pnpm_what_was_not_read_is_told(text: str, gap: tuple[int | None, str]) -> None:
    assert gaps(read({"pnpm-lock.yaml": text})) == [gap]


def test_pnpm_one_bad_entry_does_not_stop_the_others() -> None:
    text = "lockfileVersion: 6.0\npackages:\n  /a/: {}\n  '/b\\x1b@1.0.0': {}\n  \"/c\\e@1.0.0\": {}\n  /d@1.0.0: {}\n"
    parsed = read({"pnpm-lock.yaml": text})
    assert [row[0] for row in rows(parsed)] == ["b\\x1b", "d"]
    assert [line for line, _ in gaps(parsed)] == [3, 5]
