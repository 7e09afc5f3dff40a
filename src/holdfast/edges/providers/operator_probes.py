"""The section `probes` of the operator's file → whom probes may ask, an entry for each host."""

from collections.abc import Iterator

from holdfast.facts.manifest_yaml import Entries, Items, Problem, Scalar, Tree
from holdfast.mitigations.probe_hosts import SECTION, find_wrong_pattern
from holdfast.model.target import Target

_SHAPE = "probes: {hosts: [shop.example, '*.internal:8080']}"
MOST_HOSTS = 1000


def read_probes(tree: Tree) -> Iterator[Target | Problem]:
    """Yield the hosts of the section, and what is wrong with it: an empty one would forbid nothing that it seems to."""
    hosts = tree.values.get("hosts") if isinstance(tree, Entries) else None
    for key in tree.values if isinstance(tree, Entries) else ():
        if isinstance(tree, Entries) and key != "hosts":
            yield Problem(tree.keys[key], f"`{SECTION}` has no option `{key[:60]}`", _SHAPE)
    if not isinstance(hosts, Items) or not hosts.items:
        where = hosts.place if hosts is not None else tree.place
        yield Problem(where, f"expected a list of hosts in `{SECTION}`", _SHAPE)
        return
    if len(hosts.items) > MOST_HOSTS:
        yield Problem(hosts.place, f"over {MOST_HOSTS} hosts", "`*.` and a domain stands for all below it")
        return
    for item in hosts.items:
        yield _host(item)


def _host(item: Tree) -> Target | Problem:
    text = item.text if isinstance(item, Scalar) and isinstance(item.value, str) else ""
    wrong = find_wrong_pattern(text)
    if wrong is not None:
        return Problem(item.place, f"{f'`{text[:60]}`: ' if text else ''}{wrong}", _SHAPE)
    return Target(SECTION, text.lower(), "host", None, None, (), item.place)
