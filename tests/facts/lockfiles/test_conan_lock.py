"""`conan.lock`."""

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

GRAPH = """\
{
 "graph_lock": {
  "nodes": {
   "0": {"ref": "shop/1.0@me/here", "path": "conanfile.py", "requires": ["1"], "build_requires": ["3"]},
   "1": {
    "ref": "lamp/1.2.2@user/channel#c6f6",
    "requires": ["2"],
    "context": "host"
   },
   "2": {"ref": "bulb/cci.2021#9a:77%16", "context": "host"},
   "3": {"ref": "cmake/3.0", "context": "build"},
   "4": {"ref": "not a reference"}
  }
 },
 "version": "0.4"
}
"""
LISTS = """\
{
    "version": "0.5",
    "requires": [
        "lamp/1.0#83d4%167.07",
        "wrong",
        7
    ],
    "build_requires": ["cmake/3.0"],
    "python_requires": []
}
"""
SAMPLE = ("conan.lock", GRAPH)


def test_conan_graph_tells_direct_path_and_scope_and_leaves_the_consumer_out() -> None:
    parsed = read({"conan.lock": GRAPH})
    assert rows(parsed) == [
        ("lamp", "1.2.2", "registry", True, "runtime", 5),
        ("bulb", "cci.2021", "registry", False, "runtime", 10),
        ("cmake", "3.0", "registry", True, "development", 11),
    ]
    assert path_of(parsed, "bulb") == ("lamp",)
    assert gaps(parsed) == [(12, "not a reference: 'not a reference'")]


def test_conan_graph_without_a_consumer_starts_at_what_nobody_requires() -> None:
    nodes = '"1": {"ref": "a/1", "requires": ["2"], "context": "host"}, "2": {"ref": "b/1", "context": "host"}'
    parsed = read({"conan.lock": f'{{"graph_lock": {{"nodes": {{{nodes}}}}}}}'})
    assert [(row[0], row[3], row[4]) for row in rows(parsed)] == [("a", True, "runtime"), ("b", False, "runtime")]


def test_conan_lists_have_scope_and_line_and_no_direct() -> None:
    parsed = read({"conan.lock": LISTS})
    assert rows(parsed) == [
        ("lamp", "1.0", "registry", None, "runtime", 4),
        ("cmake", "3.0", "registry", None, "development", 8),
    ]
    assert gaps(parsed) == [
        (5, "not a reference in `requires`: 'wrong'"),
        (None, "not a reference in `requires`: 7"),
    ]


def test_conan_lock_of_another_shape_is_not_whole() -> None:
    assert gaps(read({"conan.lock": "{}"})) == [(1, "neither `graph_lock` nor `requires` in it: not a whole lock file")]
