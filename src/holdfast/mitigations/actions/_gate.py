"""What `wait`, `approve` and `probe` share: they let a run go on when something holds, and change nothing."""

from collections.abc import Callable, Sequence

from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack

DAY_S = 86400.0


def gate_action(
    name: str,
    about: str,
    arguments: tuple[Argument, ...],
    plan: Callable[[Call], Sequence[Change]],
    read_back: Callable[[Call], ReadBack],
    *,
    deadline_s: float = 60.0,
    looks_outside: bool = False,
) -> ActionSpec:
    """Return the action of that name, which is its file's as well.

    It goes on when `read_back` holds. What looks at our own store alone is done together with the step.
    """
    return ActionSpec(
        id=name,
        name=name,
        about=about,
        arguments=arguments,
        blast_radius="nothing",
        reversible=True,
        idempotent=True,
        plan=plan,
        apply=_apply,
        read_back=read_back,
        undo=_undo,
        read_undone=_read_undone,
        within=lambda _: not looks_outside,
        coverage=None,
        deadline_s=deadline_s,
    )


def _apply(call: Call) -> str:
    """Do nothing: what is waited for comes by itself."""
    return f"`{call.step.action}` is waited for"


def _undo(call: Call) -> str:
    """Do nothing: it changed nothing."""
    return f"`{call.step.action}` changed nothing"


def _read_undone(call: Call) -> ReadBack:
    """Say that nothing is in place."""
    return ReadBack(True, f"`{call.step.action}` holds nothing in place")
