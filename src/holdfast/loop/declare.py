"""Declaring what there is: groups, teams, environments, services.

A name is claimed by its team: a token bound to a team claims for that team only, an org's administrator for any. A
service that was only seen is unclaimed until then. Declaring the same again changes nothing and journals nothing. What
exposures carry of it (team, tier, exposure) is brought up to date at once, because plans and figures read it there.
"""

from dataclasses import replace

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.facts.manifest import manifest_to_json
from holdfast.loop.oidc_binding import require_bound
from holdfast.loop.reconcile import reconcile
from holdfast.loop.requests import EnvironmentRequest
from holdfast.loop.turn import Turn
from holdfast.model.exposure import Subject
from holdfast.model.inventory import Environment, Reach, Service
from holdfast.model.plan import ServiceManifest
from holdfast.model.tenancy import Group, Permission, Team


def declare_group(turn: Turn, name: str, parent: str | None = None) -> Group:
    """Create a group, or move it under another parent (by name).

    Raises:
        NotFoundError: there is no such parent.
        ConflictError: the parent lies below the group itself.
    """
    turn.require(Permission.ADMIN)
    by_name = {group.name: group for group in turn.tx.teams.groups()}
    known = by_name.get(name)
    if parent is not None and parent not in by_name:
        raise NotFoundError(f"there is no group `{parent}`", hint="declare the parent first")
    parent_id = by_name[parent].id if parent else None
    if known and _lies_below(parent_id, known.id, by_name):
        raise ConflictError(f"`{parent}` lies below `{name}`", hint="a tree has no circles")
    group = Group(turn.tx.org, known.id if known else turn.ids.new("grp"), name, parent_id)
    if group != known:
        turn.tx.teams.save_group(group)
        turn.tx.journal.append("group.declared", {"id": group.id, "parent": group.parent, "by": turn.actor})
    return group


def _lies_below(group_id: str | None, ancestor: str, by_name: dict[str, Group]) -> bool:
    by_id = {group.id: group for group in by_name.values()}
    while group_id is not None:
        if group_id == ancestor:
            return True
        group_id = by_id[group_id].parent if group_id in by_id else None
    return False


def declare_team(turn: Turn, name: str, group: str | None = None) -> Team:
    """Create a team, or move it into another group (by name)."""
    turn.require(Permission.ADMIN)
    groups = {known.name: known.id for known in turn.tx.teams.groups()}
    if group is not None and group not in groups:
        raise NotFoundError(f"there is no group `{group}`", hint="declare it first")
    known = turn.tx.teams.find_team(name)
    team = Team(turn.tx.org, known.id if known else turn.ids.new("team"), name, groups[group] if group else None)
    if team != known:
        turn.tx.teams.save_team(team)
        turn.tx.journal.append("team.declared", {"id": team.id, "group": team.group, "by": turn.actor})
    return team


def declare_environment(turn: Turn, request: EnvironmentRequest) -> Environment:
    """Say what an environment is; its exposure is never taken from a change under review."""
    turn.require(Permission.FACTS_WRITE)
    known = turn.tx.environments.find(request.name)
    identifier = known.id if known else turn.ids.new("env")
    environment = Environment(turn.tx.org, identifier, request.name, request.tier, request.reach)
    if environment != known:
        turn.tx.environments.save(environment)
        body = {"id": identifier, "name": request.name, "tier": request.tier, "exposure": request.reach.value}
        turn.tx.journal.append("environment.declared", body | {"by": turn.actor})
    if known is not None and (known.tier, known.reach) != (environment.tier, environment.reach):
        here = (one for one in turn.tx.exposures.all() if one.is_live and one.environment == request.name)
        reconcile(turn, subjects=list({one.subject.id: (one.subject, one.environment) for one in here}.values()))
    return environment


def ensure_environment(turn: Turn, name: str) -> Environment:
    """Return the environment, made with unknown exposure when it was never heard of."""
    return turn.tx.environments.find(name) or declare_environment(turn, EnvironmentRequest(name))


def ensure_service(turn: Turn, name: str) -> Service:
    """Return the service, made unclaimed when it was never heard of."""
    known = turn.tx.services.find(name)
    if known is not None:
        return known
    service = Service(
        turn.tx.org, turn.ids.new("svc"), name, None, None, Reach.UNKNOWN, claimed=False, declared_at=turn.now
    )
    turn.tx.services.save(service)
    turn.tx.journal.append("service.seen", {"id": service.id, "name": name, "by": turn.actor})
    return service


def declare_service(turn: Turn, manifest: ServiceManifest) -> Service:
    """Claim a service for its team and keep its declaration.

    Raises:
        ForbiddenError: the token is bound to another team, or the name is claimed by another team.
    """
    turn.require(Permission.FACTS_WRITE, bound=True)
    known = turn.tx.services.find(manifest.name)
    if known is not None:
        require_bound(turn, known)
    team = manifest.team or (turn.token.team if turn.token else None) or (known.team if known else None)
    _may_claim(turn, known, team, manifest.name)
    if team is not None:
        _ensure_team(turn, team)
    declared = Service(
        turn.tx.org,
        known.id if known else turn.ids.new("svc"),
        manifest.name,
        team,
        manifest.tier,
        Reach(manifest.reach),
        claimed=True,
        declared_at=turn.now,
    )
    document = manifest_to_json(manifest)
    if known and replace(declared, declared_at=known.declared_at) == known:
        if turn.tx.services.manifest(known.id) == document:
            return known
        declared = replace(declared, declared_at=known.declared_at)
    turn.tx.services.save(declared, document)
    body = {"id": declared.id, "name": declared.name, "team": team, "tier": declared.tier}
    turn.tx.journal.append(
        "service.declared", body | {"exposure": declared.reach.value, "manifest": document, "by": turn.actor}
    )
    if known is not None:
        subject = Subject("service", declared.id, declared.name)
        reconcile(turn, subjects=[(subject, environment.name) for environment in turn.tx.environments.list()])
    return declared


def _ensure_team(turn: Turn, name: str) -> None:
    if turn.tx.teams.find_team(name) is None:
        team = Team(turn.tx.org, turn.ids.new("team"), name)
        turn.tx.teams.save_team(team)
        turn.tx.journal.append("team.declared", {"id": team.id, "group": None, "by": turn.actor})


def _may_claim(turn: Turn, known: Service | None, team: str | None, name: str) -> None:
    token = turn.token
    if token is None or token.allows(Permission.ADMIN):
        return
    if token.team is None or token.team != team:
        raise ForbiddenError(
            f"only a token of team `{team}` may claim `{name}`", hint="use that team's token, or an administrator's"
        )
    if known and known.claimed and known.team not in {None, token.team}:
        raise ForbiddenError(
            f"`{name}` belongs to team `{known.team}`", hint="that team, or an administrator, can hand it over"
        )
