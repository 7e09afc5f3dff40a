"""Kill switches that would not kill: what code, manifest and definitions say of a flag, held against each other.

Rules:
1. The code's default is what an application gets when nobody answers it: it must be what the safe variant serves.
2. A value is asked for as the type that the flag has; of another type the SDK serves the code's default for ever.
3. A declared flag is read somewhere, a read one is declared, and a planned one is defined in an environment.
4. What can't be told is a result of its own, `unknown`, with the reason. It is never counted as fine.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from holdfast.errors import PlanError
from holdfast.facts.flag_sources import FlagSources, writer_for
from holdfast.facts.flag_usage import FlagRead, Span, Unsettled, Value
from holdfast.facts.manifest_places import DeclaredFlag, PlannedFlag
from holdfast.mitigations.flags import Flag, parse_flag
from holdfast.mitigations.probe import same_json
from holdfast.model.frozen import frozen

Definitions = Mapping[str, Mapping[str, str]]
"""Environment → key → definition, flagd's JSON text."""

_SAID = {
    **dict.fromkeys(("off", "false", "no", "disabled"), False),
    **dict.fromkeys(("on", "true", "yes", "enabled"), True),
}
"""What a boolean variant of that name surely is, where no definition tells."""


class Rule(StrEnum):
    """What a result is about."""

    DANGEROUS_DEFAULT = "dangerous-default"
    WRONG_TYPE = "wrong-type"
    NEVER_READ = "never-read"
    UNDECLARED = "undeclared"
    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


@frozen
class Replacement:
    """What to write instead: the text to put at a place of the result's file."""

    at: Span
    text: str


@frozen
class LintResult:
    """One thing that is wrong, or that could not be told; `flag` is `None` where even that is not known."""

    rule: Rule
    file: str
    line: int
    column: int
    flag: str | None
    message: str
    fix: str = ""
    replacement: Replacement | None = None


@frozen
class Declared:
    """What manifests and environments say. `definitions` is `None` where none were given."""

    flags: Sequence[DeclaredFlag]
    planned: Sequence[PlannedFlag]
    definitions: Definitions | None = None


def lint_flags(sources: FlagSources, declared: Declared) -> list[LintResult]:
    """Return everything that is wrong or could not be told, in order of place; empty when all of it is fine."""
    definitions = _Definitions(declared.definitions)
    results = [LintResult(Rule.UNKNOWN, one.file, one.line, one.column, None, one.because) for one in sources.unread]
    by_key: dict[str, list[DeclaredFlag]] = {}
    for one in declared.flags:
        by_key.setdefault(one.flag, []).append(one)
    for read in sources.reads:
        results += _of_read(read, by_key, definitions)
    results += _undeclared(sources.reads, by_key)
    results += _never_read(sources, declared.flags)
    results += _undefined(declared, definitions)
    unique = dict.fromkeys(results)
    return sorted(unique, key=lambda one: (one.file, one.line, one.column, one.rule, one.flag or "", one.message))


class _Definitions:
    """Definitions, each parsed when it is asked for."""

    def __init__(self, texts: Definitions | None) -> None:
        self.texts = texts

    def of(self, key: str) -> tuple[dict[str, Flag], list[str]]:
        """Return environment → flag, and what could not be read."""
        found: dict[str, Flag] = {}
        problems = []
        for environment, texts in sorted((self.texts or {}).items()):
            if key not in texts:
                continue
            try:
                found[environment] = parse_flag(key, texts[key])
            except PlanError as error:
                problems.append(f"its definition in `{environment}` can't be read: {error.message}")
        return found, problems


def _result(rule: Rule, read: FlagRead, key: str | None, message: str, fix: str = "") -> LintResult:
    return LintResult(rule, read.file, read.at.line, read.at.column, key, message, fix)


def _of_read(
    read: FlagRead, by_key: Mapping[str, Sequence[DeclaredFlag]], definitions: _Definitions
) -> Iterator[LintResult]:
    if isinstance(read.key, Unsettled):
        yield _result(
            Rule.UNKNOWN, read, None, f"`{read.call}`: which flag it asks for can't be told: {read.key.because}"
        )
        return
    key = read.key.value
    if not isinstance(key, str):
        yield _result(Rule.UNKNOWN, read, None, f"`{read.call}`: its key is no text")
        return
    for feature in by_key.get(key, ()):
        yield from _of_default(read, feature, definitions)


def _of_default(read: FlagRead, feature: DeclaredFlag, definitions: _Definitions) -> Iterator[LintResult]:
    key = feature.flag
    flags, problems = definitions.of(key)
    yield from (_result(Rule.UNKNOWN, read, key, f"`{key}`: {problem}") for problem in problems)
    wrong = [name for name, flag in flags.items() if not _is_of(read.kind, flag)]
    if wrong:
        kind = flags[wrong[0]].kind
        message = f"`{read.call}` asks for a {read.kind}, and `{key}` is a {kind} in `{wrong[0]}`"
        hint = "ask for the type that it has: of any other the SDK serves the code's default, whatever is forced"
        yield _result(Rule.WRONG_TYPE, read, key, message, hint)
        return
    safe, because = _safe_value(read, feature, flags)
    if isinstance(read.default, Unsettled):
        message = f"`{read.call}` of `{key}`: its default can't be told: {read.default.because}"
        yield _result(Rule.UNKNOWN, read, key, message)
    elif safe is None:
        yield _result(Rule.UNKNOWN, read, key, f"`{read.call}` of `{key}`: {because}")
    elif not same_json(read.default.value, safe.value):
        yield _dangerous(read, feature, read.default, safe)


def _is_of(kind: str | None, flag: Flag) -> bool:
    return kind is None or kind == {"integer": "number", "float": "number"}.get(flag.kind, flag.kind)


def _safe_value(read: FlagRead, feature: DeclaredFlag, flags: Mapping[str, Flag]) -> tuple[Value | None, str]:
    """Return what the safe variant serves, the same in every environment; else why that can't be told."""
    values: list[Value] = []
    for environment, flag in flags.items():
        if feature.safe not in flag.variants:
            return None, f"it has no variant `{feature.safe}` in `{environment}`"
        values.append(Value(flag.variants[feature.safe]))
    if not values:
        is_switch = read.kind == "boolean" or (isinstance(read.default, Value) and isinstance(read.default.value, bool))
        if is_switch and feature.safe.lower() in _SAID:
            return Value(_SAID[feature.safe.lower()]), ""
        return None, f"what its safe variant `{feature.safe}` serves can't be told without a definition"
    if any(not same_json(value.value, values[0].value) for value in values):
        return (
            None,
            f"its safe variant `{feature.safe}` serves different values in {', '.join(f'`{e}`' for e in flags)}",
        )
    return values[0], ""


def _dangerous(read: FlagRead, feature: DeclaredFlag, default: Value, safe: Value) -> LintResult:
    spec = writer_for(read.file)
    write = spec.write if spec is not None else repr
    wrong, right = _short(write(default.value)), _short(write(safe.value))
    message = (
        f"`{read.call}` of `{feature.flag}` falls back to `{wrong}` when nobody answers, and its safe variant "
        f"`{feature.safe}` is `{right}`"
    )
    if read.default_at is None:
        return _result(Rule.DANGEROUS_DEFAULT, read, feature.flag, message, f"let the default be `{right}`")
    replacement = Replacement(read.default_at, write(safe.value))
    place = f"{read.default_at.line}:{read.default_at.column}"
    fix = f"at {place} write `{right}` for `{wrong}`"
    return LintResult(
        Rule.DANGEROUS_DEFAULT, read.file, read.at.line, read.at.column, feature.flag, message, fix, replacement
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _undeclared(reads: Sequence[FlagRead], by_key: Mapping[str, Any]) -> Iterator[LintResult]:
    places: dict[str, list[FlagRead]] = {}
    for read in reads:
        if isinstance(read.key, Value) and isinstance(read.key.value, str) and read.key.value not in by_key:
            places.setdefault(read.key.value, []).append(read)
    for key, found in places.items():
        first = min(found, key=lambda read: (read.file, read.at.line, read.at.column))
        more = f", and in {len(found) - 1} more places" if len(found) > 1 else ""
        message = f"`{key}` is read here{more}, and no feature declares it"
        fix = f"in holdfast.yaml: features: [{{name: …, flag: {key}, safe: …, covers: […]}}]"
        yield _result(Rule.UNDECLARED, first, key, message, fix)


def _never_read(sources: FlagSources, flags: Sequence[DeclaredFlag]) -> Iterator[LintResult]:
    read = {one.key.value for one in sources.reads if isinstance(one.key, Value) and isinstance(one.key.value, str)}
    blind = next((one for one in sources.reads if isinstance(one.key, Unsettled)), None)
    for flag in flags:
        if flag.flag in read:
            continue
        message = f"no code reads `{flag.flag}`"
        rule, fix = Rule.NEVER_READ, "ask for it where the feature begins, or declare it no longer"
        if flag.flag in sources.mentions:
            file, line, column = sources.mentions[flag.flag]
            rule, fix = Rule.UNKNOWN, ""
            message = f"whether code reads `{flag.flag}` can't be told: it stands at {file}:{line}:{column}"
        elif blind is not None:
            rule, fix = Rule.UNKNOWN, ""
            message = (
                f"whether code reads `{flag.flag}` can't be told: {blind.file}:{blind.at.line} hides which it asks"
            )
        elif sources.unread:
            one = sources.unread[0]
            rule, fix = Rule.UNKNOWN, ""
            message = f"whether code reads `{flag.flag}` can't be told: {one.file} was not read"
        yield LintResult(rule, flag.file, flag.line, flag.column, flag.flag, message, fix)


def _undefined(declared: Declared, definitions: _Definitions) -> Iterator[LintResult]:
    for one in declared.planned:
        if definitions.texts is None:
            message = f"whether an environment has `{one.flag}` of plan `{one.plan}` can't be told without definitions"
            fix = "give `--flags FILE`, or `--server` or `--data`"
            yield LintResult(Rule.UNKNOWN, one.file, one.line, one.column, one.flag, message, fix)
        elif not any(one.flag in texts for texts in definitions.texts.values()):
            message = f"no environment has `{one.flag}`, which plan `{one.plan}` is to force"
            fix = f"holdfast flags define {one.flag} --environment …"
            yield LintResult(Rule.UNDEFINED, one.file, one.line, one.column, one.flag, message, fix)
