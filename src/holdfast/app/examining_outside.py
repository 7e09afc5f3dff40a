"""What `doctor` says of the operator's file: whether it is in order, and whether each target can be used now."""

from collections.abc import Iterator

from holdfast.app.outside import require_targets, tools_of
from holdfast.app.settings import Settings
from holdfast.edges.cli.options import Check
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.operator_file import TargetProblems
from holdfast.edges.providers.secret_references import find_warning
from holdfast.edges.providers.system import SystemClock
from holdfast.edges.providers.target_spec import SECTIONS, text_option
from holdfast.edges.providers.targets import OpenTargets, find_spec
from holdfast.errors import FactError, HoldfastError
from holdfast.model.target import Target

WHAT = "operator's file"


def examine_targets(settings: Settings) -> Iterator[Check]:
    """Read the operator's file, then ask each target whether it can be used."""
    if settings.targets is None:
        yield Check(WHAT, None, "there is none: nothing outside can be reached", "write DIR/targets.yaml")
        return
    try:
        entries = require_targets(settings)
    except TargetProblems as error:
        for problem in error.problems:
            yield Check(WHAT, False, f"{problem.where}: {problem.message}", problem.hint or "")
        return
    except FactError as error:
        yield Check(WHAT, False, str(error).splitlines()[0], error.hint or "")
        return
    hosts = [one for one in entries if one.section not in SECTIONS]
    entries = tuple(one for one in entries if one.section in SECTIONS)
    yield Check(WHAT, True, f"{len(entries)} target(s) in {settings.targets}")
    if hosts:
        yield Check("probes", True, f"they may ask {len(hosts)} host(s), and no other")
    http = HttpxHttp()
    try:
        opened = OpenTargets(entries, tools_of(settings, http, SystemClock()))
        for target in entries:
            yield _check(target, opened)
            yield from _warnings(target)
    finally:
        http.close()


def _check(target: Target, opened: OpenTargets) -> Check:
    what = f"{target.section}: {target.name}"
    try:
        problem = opened.open(target).find_problem()
    except HoldfastError as error:
        return Check(what, False, error.message, error.hint or target.where)
    if problem is not None:
        return Check(what, False, problem, f"see {target.where}")
    return Check(what, True, f"{target.kind}: it can be used")


def _warnings(target: Target) -> Iterator[Check]:
    for option in find_spec(target).options:
        reference = text_option(target, option.name) if option.secret else None
        warning = find_warning(reference) if reference is not None else None
        if warning is not None:
            yield Check(f"{target.section}: {target.name}", None, warning, "chmod 600, and let it belong to this user")
