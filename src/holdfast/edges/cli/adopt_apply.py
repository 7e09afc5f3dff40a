"""What adopting does on the server: groups with their modes, teams, services, and what those inherit.

Rules:

1. Doing it again changes nothing: what is there stays as it is, a team's group, a group's mode and what was accepted.
2. A mode is set for a group that has no service yet, so that nobody who is held already is let off.
3. A service of another team is not taken over, and two places that name one service are both refused.
4. What fails in one repository stops no other; a server that is away or refuses stops everything.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.adopt_estate import FoundEstate, FoundService, Place, find_services
from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.cli.options import Machine
from holdfast.errors import ConflictError, FactError, HoldfastError, NotFoundError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.gate.policy_read import read_policy
from holdfast.model.frozen import frozen
from holdfast.ports.api import Api

UNOWNED = "unowned"


@frozen
class Wish:
    """How to adopt: the group of those that name none, the mode of new groups as the API takes it.

    `is_anew` accepts again what was accepted before; `is_dry` sends nothing.
    """

    group: str
    mode: Mapping[str, Any]
    is_anew: bool = False
    is_dry: bool = False


@dataclass(slots=True)
class _Known:
    """What the server has: services by name, teams and their groups by name, groups that have services or a mode."""

    services: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: dict[str, str | None] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    """Name → id."""
    settled: set[str] = field(default_factory=set)


@frozen
class Row:
    """What became of one service, or of a place whose services could not be told."""

    path: str
    service: str
    team: str
    group: str
    status: str
    because: str = ""
    components: int | None = None
    gaps: int | None = None
    findings: int | None = None


@dataclass(slots=True)
class Outcome:
    """Everything that became of an estate; `refused` are groups whose mode the policies above do not let count."""

    rows: list[Row] = field(default_factory=list)
    modes: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def count(self, status: str) -> int:
        """Return how many became that."""
        return sum(row.status == status for row in self.rows)


def adopt(
    api: Api | None, machine: Machine, estate: FoundEstate, wish: Wish, progress: Callable[[int, int], None]
) -> Outcome:
    """Adopt an estate; without an API only what would be done is told.

    Raises:
        HoldfastError: the server is away, or refuses the token.
    """
    outcome = Outcome()
    known = _ask(api) if api else _Known()
    found = list(_services(machine, estate.places, outcome))
    names = Counter(service.name for _, service in found)
    keeper = _Keeper(api if not wish.is_dry else None, machine, known, wish, outcome)
    keeper.keep_groups(estate.groups)
    for number, (place, service) in enumerate(found, 1):
        outcome.rows.append(keeper.keep(place, service, is_double=names[service.name] > 1))
        progress(number, len(found))
    outcome.rows.sort(key=lambda row: row.path)
    return outcome


def _services(machine: Machine, places: Sequence[Place], outcome: Outcome) -> Iterator[tuple[Place, FoundService]]:
    for place in places:
        try:
            yield from [(place, service) for service in find_services(machine, place)]
        except (FactError, UsageError) as error:
            member = place.member
            outcome.rows.append(Row(str(place.path), member.name, member.team, member.group, "failed", _said(error)))


def _said(error: HoldfastError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message


def _ask(api: Api) -> _Known:
    known = _Known()
    known.services = {one["name"]: one for one in api.pages("/services", query={"limit": 1000})}
    known.groups = {one["name"]: one["id"] for one in api.pages("/groups", query={"limit": 1000})}
    names = {identifier: name for name, identifier in known.groups.items()}
    known.teams = {one["name"]: names.get(one["group"] or "") for one in api.pages("/teams", query={"limit": 1000})}
    known.settled = {one["group"] for one in api.call("GET", "/adoption")["items"]}
    for one in api.call("GET", "/policies")["items"]:
        if one["level"] == "group" and read_policy(one["document"].encode(), file="policy.yaml").mode is not None:
            known.settled.add(names.get(one["subject"], ""))
    return known


class _Keeper:
    """Brings one thing after the other to the server; without an API it only says what it would do."""

    def __init__(self, api: Api | None, machine: Machine, known: _Known, wish: Wish, outcome: Outcome) -> None:
        self._api, self._machine, self._known, self._wish, self._outcome = api, machine, known, wish, outcome

    def keep_groups(self, groups: Sequence[tuple[str, str]]) -> None:
        """Create the groups that the source has, a parent before its children; one in a circle has no parent."""
        parents = dict(groups)
        for name, _ in groups:
            chain = [name]
            while (above := parents.get(chain[-1], "")) and above not in chain:
                chain.append(above)
            for place, one in enumerate(reversed(chain)):
                self._keep_group(one, chain[len(chain) - place] if place else None)

    def _keep_group(self, name: str, parent: str | None = None) -> None:
        if name not in self._known.groups:
            self._known.groups[name] = ""
            if self._api:
                self._api.call("PUT", address("groups", name), body={"parent": parent} if parent else {})
        if name not in self._known.settled:
            self._known.settled.add(name)
            self._outcome.modes[name] = str(self._wish.mode["mode"])
            if self._api:
                made = self._api.call("PUT", address("groups", name, "mode"), body=self._wish.mode)
                if made["counts"] != made["mode"]:
                    self._outcome.refused[name] = "; ".join(made["refused"]) or f"`{made['counts']}` counts"

    def keep(self, place: Place, service: FoundService, *, is_double: bool) -> Row:
        """Adopt one service; what is wrong with it is in the row."""
        known = self._known.services.get(service.name)
        team = service.team or (known["team"] if known and known["claimed"] else None) or UNOWNED
        group = self._known.teams.get(team) if team in self._known.teams else service.group or self._wish.group
        row = Row(str(place.path), service.name, team, group or "", "failed")
        if is_double:
            return replace(row, because=f"another place of this estate is called `{service.name}` too")
        if known and known["claimed"] and known["team"] != team:
            return replace(row, because=f"`{service.name}` belongs to team `{known['team']}`")
        try:
            return self._keep(row, service, is_claimed=bool(known and known["claimed"]))
        except (FactError, UsageError, ConflictError, NotFoundError) as error:
            return replace(row, because=_said(error))

    def _keep(self, row: Row, service: FoundService, *, is_claimed: bool) -> Row:
        if is_claimed and not self._wish.is_anew and self._has_inherited(row.service):
            return replace(row, status="unchanged")
        tree, every = self._machine.open_checkout(service.folder)
        sbom = read_composition(tree, every if service.paths == (".",) else service.paths)
        row = replace(row, components=len(sbom.occurrences), gaps=len(sbom.unparsed))
        if row.group:
            self._keep_group(row.group)
        if row.team not in self._known.teams:
            self._known.teams[row.team] = row.group
            if self._api:
                self._api.call("PUT", address("teams", row.team), body={"group": row.group})
        if self._api is None:
            return replace(row, status="would adopt")
        if not is_claimed:
            self._api.call("PUT", address("services", row.service), body=_declaration(row, service))
        body = {"sbom": composition_to_json(sbom), "replace": self._wish.is_anew}
        made = self._api.call("PUT", address("services", row.service, "inherited"), body=body)
        status = "adopted" if made["accepted"] or not is_claimed else "unchanged"
        return replace(row, status=status, findings=len(made["findings"]))

    def _has_inherited(self, service: str) -> bool:
        if self._api is None:
            return True
        try:
            self._api.call("GET", address("services", service, "inherited"))
        except NotFoundError:
            return False
        return True


def _declaration(row: Row, service: FoundService) -> dict[str, Any]:
    body: dict[str, Any] = {"name": row.service, "team": row.team}
    body |= {"tier": service.tier} if service.tier else {}
    return body | ({"exposure": service.exposure} if service.exposure != "unknown" else {})
