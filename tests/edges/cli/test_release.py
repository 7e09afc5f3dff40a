"""`holdfast release`."""

from tests.edges.cli.conftest import MANIFEST
from tests.edges.cli.shell import Shell

_DIGEST = "sha256:" + "ab" * 32


def test_release_registers_what_is_at_the_path(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    one = shell.json("release", shell.files / "pay", "--version", "1")["items"][0]
    assert (one["service"], one["version"], one["components"], one["created"]) == ("pay", "1", 1, True)


def test_release_again_is_known_already(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    shell("release", shell.files / "pay", "--version", "1")
    assert "known already" in shell("release", shell.files / "pay", "--version", "1").out


def test_release_keeps_commit_instant_and_artifacts(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    options = ["--commit", "c0ffee", "--built-at", "2026-01-02T03:04:05Z", "--artifact", f"{_DIGEST}=wheel,any"]
    one = shell.json("release", shell.files / "pay", "--version", "1", *options)["items"][0]
    assert (one["commit"], one["built_at"]) == ("c0ffee", "2026-01-02T03:04:05Z")
    assert one["artifacts"] == [{"digest": _DIGEST, "kind": "wheel", "platform": "any"}]


def test_release_says_what_may_follow_it(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    asked = ("release", shell.files / "pay", "--version", "2", "--min-compatible")
    assert shell.json(*asked, "1.4")["items"][0]["min_compatible"] == "1.4"
    printed = shell(*asked, "1.3", code=4)
    assert "known with `1.4` as the oldest version that may follow it, not `1.3`" in printed.err


def test_release_of_a_repository_with_two_services_is_two_releases(shell: Shell) -> None:
    services = "version: 1\nservices:\n  - {name: a, paths: [a]}\n  - {name: b, paths: [b]}\n"
    shell.write("repo/holdfast.yaml", services)
    shell.write("repo/a/requirements.txt", "jinja2==3.1.2\n")
    shell.write("repo/b/requirements.txt", "flask==3.0.0\nclick==8.1.0\n")
    both = shell.json("release", shell.files / "repo", "--version", "1")["items"]
    assert [(one["service"], one["components"]) for one in both] == [("a", 1), ("b", 2)]
    only = shell.json("release", shell.files / "repo", "--version", "2", "--service", "b")["items"]
    assert [one["service"] for one in only] == ["b"]


def test_release_of_a_service_that_is_not_declared_is_refused(shell: Shell) -> None:
    shell.write("repo/holdfast.yaml", "version: 1\nservices:\n  - {name: a}\n")
    printed = shell("release", shell.files / "repo", "--version", "1", "--service", "z", code=2)
    assert "it declares `a`, and not `z`" in printed.err


def test_release_with_a_bad_plan_names_line_and_column(shell: Shell) -> None:
    shell.write("shop/holdfast.yaml", MANIFEST)
    shell.write("shop/requirements.txt", "acme-pdf==1.4.0\n")
    printed = shell("release", shell.files / "shop", "--version", "1", code=4)
    assert "holdfast.yaml:12:" in printed.err
    assert "shop.receipts" in printed.err
    assert shell.json("audit", "log")["items"][-1]["kind"] != "release.registered"


def test_release_with_a_broken_manifest_names_line_and_column(shell: Shell) -> None:
    path = shell.write("shop/holdfast.yaml", "version: 1\nservices:\n  - name: a\n    name: b\n")
    printed = shell("release", shell.files / "shop", "--version", "1", "--format", "json", code=4)
    assert printed.json["error"]["where"].startswith(f"{path}:4:")


def test_release_without_manifest_claims_nothing(shell: Shell) -> None:
    shell.write("shop/holdfast.yaml", MANIFEST)
    printed = shell("release", shell.files / "shop", "--version", "1", "--no-manifest", "--service", "shop")
    assert "shop is unclaimed" in printed.err


def test_release_takes_an_sbom_from_elsewhere(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    document = shell.files / "pay.cdx.json"
    shell("sbom", shell.files / "pay", "--output", document)
    shell.write("empty/README", "")
    shell("release", shell.files / "empty", "--service", "pay", "--version", "1", "--sbom", document)
    shell("deploy", "pay", "--environment", "production", "--version", "1")
    assert shell.json("impact", "pkg:pypi/jinja2@3.1.2")["total"] == 1


def test_release_says_what_was_not_read(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2>=3\n")
    printed = shell("release", shell.files / "pay", "--version", "1")
    assert "pay: not read: requirements.txt:1" in printed.err


def test_release_of_a_folder_without_dependencies_says_so(shell: Shell) -> None:
    shell.write("pay/README", "")
    assert "no dependency file was found" in shell("release", shell.files / "pay", "--version", "1").err


def test_release_refuses_an_artifact_without_a_digest(shell: Shell) -> None:
    printed = shell("release", shell.files, "--version", "1", "--artifact", "latest", code=2)
    assert "expected `sha256:…`, got `latest`" in printed.err


def test_release_refuses_an_sbom_that_is_not_json(shell: Shell) -> None:
    bad = shell.write("bad.json", b"{\xff")
    printed = shell("release", shell.files, "--version", "1", "--sbom", bad, code=4)
    assert f"{bad}: not JSON" in printed.err


def test_release_keeps_sources_that_are_no_registry(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "lib @ git+https://git.example/lib@abc123\njinja2==3.1.2\n")
    shell("release", shell.files / "pay", "--version", "1")
    shell("deploy", "pay", "--environment", "production", "--version", "1")
    assert shell.json("impact", "pkg:pypi/jinja2@3.1.2")["total"] == 1
