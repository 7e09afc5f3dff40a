"""A policy is set or taken away, and what hangs on it besides builds is judged again: deployments without a verdict.

Only a change of what deployments need makes it look: of `deployments`, of the mode, of whether there is a policy. What
VEX documents and waivers speak of is marked to be judged anew.
"""

from holdfast.loop.policies import find_subject, place_names, read_kept, remove_policy, set_policy
from holdfast.loop.reconcile import review_deployments
from holdfast.loop.turn import Turn
from holdfast.loop.vex_documents import mark_named
from holdfast.loop.waiving import mark_waived
from holdfast.model.build import Level, PolicyText


def change_policy(turn: Turn, level: Level, subject: str, document: str | None) -> PolicyText:
    """Keep a new version of a level's policy; without a document, take it away. `subject` is a name.

    Raises:
        PolicyError: it can't be read; everything that is wrong is told.
        NotFoundError: there is no such group or service, or nothing to take away.
    """
    place = (level, find_subject(turn.tx, level, subject))
    before = next((one for one in turn.tx.policies.current() if (one.level, one.subject) == place), None)
    after = remove_policy(turn, level, subject) if document is None else set_policy(turn, level, subject, document)
    if _wants(before) != _wants(after):
        services = turn.tx.services.list(limit=1_000_000)
        under = [one.id for one in services if level is Level.ORG or place in place_names(turn.tx, one)]
        review_deployments(turn, under)
    if before is None or before.digest != after.digest:  # whose VEX documents count, and what a waiver may be
        mark_named(turn.tx, turn.tx.vex.named())
        mark_waived(turn.tx, turn.tx.waivers.ending(turn.now, None))
    return after


def _wants(kept: PolicyText | None) -> object:
    """Return what a version says of deployments; `None` where there is no policy."""
    if kept is None or not kept.document:
        return None
    policy = read_kept(kept)
    return policy.deployments, policy.mode
