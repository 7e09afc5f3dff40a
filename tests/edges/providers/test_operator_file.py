"""The operator's file: everything wrong is found with its place, and no secret is ever shown."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.operator_file import TargetProblems, load_targets, parse_targets
from holdfast.edges.providers.target_spec import SECTIONS, TargetSpec, option
from holdfast.errors import FactError, HoldfastError
from holdfast.registry import load_room

GOOD = b"""\
version: 1
proxies:
  - name: edge
    kind: nginx
    environment: production
    folder: /etc/nginx/holdfast
    url: http://127.0.0.1:8080
http:
  - name: pager
    kind: signed
    url: https://pager.example/hook
    secret: env:PAGER_SECRET
    idempotent: true
commands:
  - name: drain
    kind: process
    apply: [/usr/bin/drain, "{host}"]
    arguments: {host: "[a-z0-9-]{1,40}"}
"""


def problems(text: bytes | str, **environ: str) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()

    def resolve(reference: str) -> str:
        from holdfast.edges.providers.secret_references import read_reference

        return read_reference(reference, environ)

    with pytest.raises(TargetProblems) as caught:
        parse_targets(data, file="t.yaml", resolve=resolve)
    return [str(one) for one in caught.value.problems]


def test_entries_are_read_with_their_places() -> None:
    edge, pager, drain = parse_targets(GOOD, file="t.yaml")
    assert (edge.section, edge.name, edge.kind, edge.environment, edge.service) == (
        "proxies",
        "edge",
        "nginx",
        "production",
        None,
    )
    assert edge.where == "t.yaml:3:5"
    assert option(pager, "idempotent") is True
    assert option(drain, "apply") == ["/usr/bin/drain", "{host}"]
    assert option(drain, "arguments") == {"host": "[a-z0-9-]{1,40}"}


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"null\n", b"{}\n", b"http:\n", b"http: []\n"])
def test_empty_file_has_no_targets(text: bytes) -> None:
    assert parse_targets(text, file="t.yaml") == ()


def test_every_problem_is_found_in_one_go() -> None:
    found = problems(
        "prxies: []\nhttp:\n  - name: Pager\n    kind: signd\n  - kind: signed\n    colour: red\n    url: x\n"
    )
    assert found[0] == "t.yaml:1:1: unknown section `prxies`\n  try: did you mean `proxies`?"
    assert found[1].startswith("t.yaml:3:11: `Pager` is no name")
    assert found[2] == "t.yaml:4:11: `http` has no kind `signd`\n  try: did you mean `signed`?"
    assert any(one.startswith("t.yaml:5:5: `name` is missing") for one in found)
    assert any(one.startswith("t.yaml:6:5: `signed` has no option `colour`") for one in found)
    assert any(one.startswith("t.yaml:7:10: `url` is not a URL of http or https") for one in found)
    assert any("`secret` is missing" in one for one in found)


def test_unknown_option_gets_a_suggestion() -> None:
    assert "did you mean `idempotent`?" in problems(GOOD.replace(b"idempotent", b"idempotnt"), PAGER_SECRET="x")[0]


@pytest.mark.parametrize("inline", ["hunter2", "env:1X", "env:A B", "file:relative", "[env:A]", "{a: hunter2}"])
def test_inline_secret_is_refused_and_not_shown(inline: str) -> None:
    (found,) = problems(GOOD.replace(b"env:PAGER_SECRET", inline.encode()))
    assert found.startswith("t.yaml:12:13: `secret` is a secret, and takes a reference alone")
    assert "hunter2" not in found


def test_password_in_a_url_is_refused_and_not_shown() -> None:
    (found,) = problems(GOOD.replace(b"https://pager", b"https://me:hunter2@pager"), PAGER_SECRET="x")
    assert "has a user or a password in it" in found
    assert "hunter2" not in found


def test_missing_secret_is_named_by_its_reference(tmp_path: Path) -> None:
    (found,) = problems(GOOD)
    assert found.startswith("t.yaml:12:13: the environment variable `PAGER_SECRET` is not set")
    (found,) = problems(GOOD.replace(b"env:PAGER_SECRET", f"file:{tmp_path}/gone".encode()))
    assert f"the secret at {tmp_path}/gone can't be read: No such file" in found


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"", 0o600, "is empty"),
        (b"\xff\xfe", 0o600, "is not UTF-8"),
        (b"x" * 70_000, 0o600, "is over 64 KiB"),
        (b"hunter2", 0o622, "other users can change the secret"),
    ],
)
def test_bad_secret_file_is_refused(tmp_path: Path, content: bytes, mode: int, said: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(content)
    secret.chmod(mode)
    (found,) = problems(GOOD.replace(b"env:PAGER_SECRET", f"file:{secret}".encode()))
    assert said in found
    assert "hunter2" not in found


def test_secret_that_is_a_folder_or_a_pipe_is_refused(tmp_path: Path) -> None:
    (found,) = problems(GOOD.replace(b"env:PAGER_SECRET", f"file:{tmp_path}".encode()))
    assert "can't be read: Is a directory" in found


def test_names_stand_once_in_a_section() -> None:
    (found,) = problems(GOOD + GOOD.split(b"commands:\n")[1], PAGER_SECRET="x")
    assert "`drain` stands in `commands` a second time" in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "an anchor"),
        ("http:\n  - name: a\n    name: b\n", "stands here a second time"),
        ("[]", "expected a mapping of sections"),
        ("hello", "expected a mapping of sections"),
        ("http: 7", "expected a list of entries in `http`"),
        ("http: [7, [], null]", "expected an entry of `http`"),
        ("version: 2", "expected version `1`"),
        ("http: !!python/object:os.system {}", "a tag"),
        ("http: [", "not YAML"),
        ("http: [{name: a, kind: [b]}]", "expected a text for `kind`"),
        ("http: [{name: a, kind: signed, url: }]", "`url` says nothing"),
    ],
)
def test_what_is_no_list_of_entries_is_refused(text: str, said: str) -> None:
    assert any(said in one for one in problems(text))


def test_anchor_bomb_and_huge_file_are_refused_at_once() -> None:
    bomb = "a: &a [x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)
    )
    assert any("an anchor" in one for one in problems(bomb))
    assert problems(b"# " + b"x" * 200_000)[0].startswith("t.yaml:1:1: a file of over 128 KiB")


def test_file_that_others_can_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.write_bytes(GOOD)
    path.chmod(0o620)
    with pytest.raises(FactError, match="other users can change it"):
        load_targets(path, {"PAGER_SECRET": "x"})
    path.chmod(0o640)
    assert len(load_targets(path, {"PAGER_SECRET": "x"})) == 3


def test_file_that_is_none_says_so(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(FactError) as caught:
            load_targets(path)
        assert caught.value.where == str(path)


def wrong_place(data: bytes) -> str | None:
    """Return where a file is said to be wrong, `None` when it is right."""
    try:
        parse_targets(data, file="t.yaml")
    except HoldfastError as error:
        return error.where
    return None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert re.match(r"t\.yaml:\d+:\d+", wrong_place(data) or "t.yaml:1:1")


KEYS = st.sampled_from(["name", "kind", "url", "secret", "apply", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None)  # the first one of a section loads its room
@given(VALUES, st.sampled_from(sorted(SECTIONS)))
def test_any_shape_of_an_entry_is_read_or_refused(entry: object, section: str) -> None:
    text = json.dumps({section: [{"name": "a", "kind": "signed"} | entry if isinstance(entry, dict) else entry]})
    assert re.match(r"t\.yaml:\d+:\d+", wrong_place(text.encode()) or "t.yaml:1:1")


def test_every_adapter_says_its_section_and_options() -> None:
    for section, room in SECTIONS.items():
        for spec in load_room(room):
            assert isinstance(spec, TargetSpec)
            assert spec.section == section, spec.id
            assert spec.about.endswith("."), spec.id
            names = [one.name for one in spec.options]
            assert len(names) == len(set(names)), spec.id
            assert not set(names) & {"name", "kind", "environment", "service", "org"}, spec.id
            assert all(one.about for one in spec.options), spec.id
            assert all(not one.secret or one.kind == "text" for one in spec.options), spec.id


def test_hosts_of_probes_are_entries_with_their_places() -> None:
    found = parse_targets(b"probes:\n  hosts: [Shop.example, '*.internal:8080']\n", file="t.yaml")
    assert [(one.section, one.name, one.where) for one in found] == [
        ("probes", "shop.example", "t.yaml:2:11"),
        ("probes", "*.internal:8080", "t.yaml:2:25"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("probes: []", "expected a list of hosts"),
        ("probes: {hosts: []}", "expected a list of hosts"),
        ("probes: {hosts: shop.example}", "expected a list of hosts"),
        ("probes:", "expected a list of hosts"),
        ("probes: {hosts: [a], host: [b]}", "no option `host`"),
        ("probes: {hosts: ['http://a']}", "`http://a`: expected a host"),
        ("probes: {hosts: [7]}", "expected a host"),
        ("probes: {hosts: [[a]]}", "expected a host"),
        ("probes: {hosts: ['a:0']}", "there is no port 0"),
        ("probes: {hosts: [169.254.169.254]}", "no probe asks there"),
        ("probes: {hosts: [a, a]}", "a second time"),
    ],
)
def test_hosts_of_probes_that_mean_nothing_are_told(text: str, words: str) -> None:
    (told,) = problems(text)
    assert words in told
    assert told.startswith("t.yaml:1:")
