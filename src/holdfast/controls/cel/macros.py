"""`exists`, `all`, `exists_one`, `filter` and `map` over a list's items or a map's keys.

`exists` and `all` look at every item for one that decides before they let something missing through; the others are
strict.
"""

from collections.abc import Callable, Iterator, Mapping

from holdfast.controls.cel.values import Absence, Frame, kind_of

Run = Callable[[Frame], object]
MacroCompiler = Callable[[Run, str, Run, Run | None, int], Run]


def _turns(frame: Frame, values: object, variable: str, cost: int) -> Iterator[object]:
    """Yield each item with the variable set to it."""
    if not isinstance(values, (list, tuple, Mapping)):
        raise Absence(f"a macro does not go over {kind_of(values)}")
    for item in values:
        frame.spend(cost)
        frame.variables[variable] = item
        yield item


def _scoped(variable: str, run: Run) -> Run:
    """Put an outer variable of the same name back when the macro is over."""

    def scoped(frame: Frame) -> object:
        before = frame.variables.get(variable)
        try:
            return run(frame)
        finally:
            frame.variables[variable] = before

    return scoped


def _condition(value: object, kind: str) -> bool:
    if value is True or value is False:
        return value
    raise Absence(f"`{kind}` needs true or false, got {kind_of(value)}")


def _quantifier(kind: str, deciding: bool) -> MacroCompiler:
    def compiler(operand: Run, variable: str, body: Run, transform: Run | None, cost: int) -> Run:
        def run(frame: Frame) -> bool:
            absent: Absence | None = None
            for _ in _turns(frame, operand(frame), variable, cost):
                try:
                    if _condition(body(frame), kind) is deciding:
                        return deciding
                except Absence as absence:
                    absent = absent or absence
            if absent is not None:
                raise absent
            return not deciding

        return _scoped(variable, run)

    return compiler


def _exists_one(operand: Run, variable: str, body: Run, transform: Run | None, cost: int) -> Run:
    def run(frame: Frame) -> bool:
        turns = _turns(frame, operand(frame), variable, cost)
        return sum(_condition(body(frame), "exists_one") for _ in turns) == 1

    return _scoped(variable, run)


def _filter(operand: Run, variable: str, body: Run, transform: Run | None, cost: int) -> Run:
    def run(frame: Frame) -> list[object]:
        turns = _turns(frame, operand(frame), variable, cost)
        return [item for item in turns if _condition(body(frame), "filter")]

    return _scoped(variable, run)


def _map(operand: Run, variable: str, body: Run, transform: Run | None, cost: int) -> Run:
    def run(frame: Frame) -> list[object]:
        turns = _turns(frame, operand(frame), variable, cost)
        if transform is None:
            return [body(frame) for _ in turns]
        return [transform(frame) for _ in turns if _condition(body(frame), "map")]

    return _scoped(variable, run)


MACROS: Mapping[str, MacroCompiler] = {
    "exists": _quantifier("exists", deciding=True),
    "all": _quantifier("all", deciding=False),
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
}
