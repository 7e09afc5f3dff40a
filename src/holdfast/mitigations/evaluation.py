"""Evaluating flags with flagd's own evaluator, one compiled evaluator per definition text.

Rules:
1. Changing one flag compiles one evaluator; a thousand others stay as they are.
2. A value and its reason come from `openfeature-flagd-core`; the error codes are those of OFREP.
3. A rule that fails gives an error, never a value that it did not decide.

Source: OpenFeature specification, types; OFREP 0.3.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

from holdfast.errors import PlanError
from holdfast.mitigations.flags import Flag, apply_overlays, parse_flag
from holdfast.model.flag import FlagDefinition, Overlay
from holdfast.model.frozen import frozen

FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
PARSE_ERROR = "PARSE_ERROR"
TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
INVALID_CONTEXT = "INVALID_CONTEXT"
GENERAL = "GENERAL"
MAX_EVALUATORS = 20_000

# What JsonLogic raises for rules whose operands are not what the rule expects.
_RULE_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, ReferenceError, TypeError, ValueError)


@frozen
class Evaluated:
    """A flag's value. `variant` is `None` when the caller's code default is meant; `value` is `None` then too."""

    key: str
    value: Any
    variant: str | None
    reason: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@frozen
class NotEvaluated:
    """Why there is no value: a code of OFREP and a sentence."""

    key: str
    code: str
    details: str


Evaluation = Evaluated | NotEvaluated


class Evaluator:
    """One flag, compiled."""

    def __init__(self, flag: Flag) -> None:
        self._flag = flag
        self._core = FlagdCore()
        # flagd-core takes fields out of what it is given, so it gets a copy of its own
        self._core.set_flags({"flags": {flag.key: dict(flag.document)}})
        self._needs_key = bool(flag.document["targeting"]) and _buckets_by_key(flag.document["targeting"])

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Return the value for a context."""
        key = self._flag.key
        try:
            details = self._resolve(context)
        except OpenFeatureError as error:
            return NotEvaluated(key, str(error.error_code), error.error_message or "the rule failed")
        except _RULE_ERRORS as error:
            return NotEvaluated(key, GENERAL, f"the targeting rule failed: {type(error).__name__}")
        reason = str(details.reason)
        if reason == "DEFAULT" and self._needs_key and not context.targeting_key:
            return NotEvaluated(key, TARGETING_KEY_MISSING, "its rule shares out by targetingKey, and there is none")
        metadata = dict(details.flag_metadata)
        if details.variant is None:
            return Evaluated(key, None, None, reason, metadata)
        return Evaluated(key, details.value, details.variant, reason, metadata)

    def _resolve(self, context: EvaluationContext) -> Any:
        match self._flag.kind:
            case "boolean":
                return self._core.resolve_boolean_value(self._flag.key, False, context)
            case "string":
                return self._core.resolve_string_value(self._flag.key, "", context)
            case "integer":
                return self._core.resolve_integer_value(self._flag.key, 0, context)
            case "float":
                return self._core.resolve_float_value(self._flag.key, 0.0, context)
            case _:
                return self._core.resolve_object_value(self._flag.key, {}, context)


def _buckets_by_key(rule: Any) -> bool:
    """Whether a rule has the short form of `fractional`, which shares out by the targeting key."""
    if isinstance(rule, list):
        return any(_buckets_by_key(item) for item in rule)
    if not isinstance(rule, dict):
        return False
    shares = rule.get("fractional")
    if isinstance(shares, list) and shares and isinstance(shares[0], list):
        return True
    return any(_buckets_by_key(value) for value in rule.values())


class Evaluators:
    """Compiled evaluators by (key, definition text), the least recently used one dropped. Safe between threads."""

    def __init__(self, limit: int = MAX_EVALUATORS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], Evaluator] = OrderedDict()
        self.compiled = 0

    def get(self, key: str, definition: str) -> Evaluator:
        """Return the evaluator of a definition, compiled when first asked for.

        Raises:
            PlanError: the definition cannot be read.
        """
        with self._lock:
            found = self._known.get((key, definition))
            if found is not None:
                self._known.move_to_end((key, definition))
                return found
        made = Evaluator(parse_flag(key, definition))
        with self._lock:
            self.compiled += 1
            self._known[key, definition] = made
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return made


class FlagSet:
    """The flags of one environment as they are to be served, definitions under their overlays."""

    def __init__(
        self,
        definitions: Sequence[FlagDefinition],
        overlays: Sequence[Overlay],
        evaluators: Evaluators | None = None,
    ) -> None:
        self._evaluators = evaluators if evaluators is not None else Evaluators()
        forced: dict[str, list[Overlay]] = {}
        for overlay in overlays:
            forced.setdefault(overlay.flag, []).append(overlay)
        self._definitions = {flag.key: (flag.definition, tuple(forced.get(flag.key, ()))) for flag in definitions}

    def evaluate(self, key: str, context: EvaluationContext) -> Evaluation:
        """Return one flag's value."""
        known = self._definitions.get(key)
        if known is None:
            return NotEvaluated(key, FLAG_NOT_FOUND, f"there is no flag `{key[:128]}` in this environment")
        try:
            evaluator = self._evaluators.get(key, apply_overlays(*known))
        except PlanError as error:
            return NotEvaluated(key, PARSE_ERROR, error.message)
        return evaluator.evaluate(context)

    def evaluate_all(self, context: EvaluationContext) -> tuple[Evaluation, ...]:
        """Return every flag's value, by key."""
        return tuple(self.evaluate(key, context) for key in sorted(self._definitions))


def parse_context(document: Any) -> EvaluationContext | NotEvaluated:
    """Return the evaluation context of a request's `context`; missing is empty.

    It is `NotEvaluated` with `INVALID_CONTEXT` when it is no object or its `targetingKey` no text.
    """
    if document is None:
        document = {}
    if not isinstance(document, Mapping):
        return NotEvaluated("", INVALID_CONTEXT, "`context` must be a JSON object")
    targeting_key = document.get("targetingKey")
    if targeting_key is not None and not isinstance(targeting_key, str):
        return NotEvaluated("", INVALID_CONTEXT, "`targetingKey` must be a text")
    return EvaluationContext(targeting_key, {name: value for name, value in document.items() if name != "targetingKey"})
