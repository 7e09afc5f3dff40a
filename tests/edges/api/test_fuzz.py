"""The whole API against its own description: made-up requests, good and bad, and conforming answers only.

Every operation gets requests that its description allows and requests that it forbids, to things that are there and to
things that are not. The same requests in every run.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from litestar.routes import HTTPRoute
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from holdfast.edges.api.app import create_app
from holdfast.edges.api.openapi import describe
from holdfast.edges.api.rooms import api_router
from tests.edges.api.conftest import Caller, World
from tests.edges.api.test_isolation import filled
from tests.edges.api.test_mitigations import finding

__all__ = ["filled", "finding"]

EXAMPLES = 4
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(autouse=True)
def _lifespans() -> Iterator[None]:
    yield
    shutdown_lifespans()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
def test_every_operation_answers_as_described(
    world: World, admin: Caller, filled: dict[str, str], mode: GenerationMode
) -> None:
    world.deps.changes.close()  # so that the event stream ends by itself
    document = json.loads(describe(api_router))
    del document["security"], document["components"]["securitySchemes"]  # the token is always ours
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig(seed=1))
    schema.app = create_app(world.deps)  # an app of its own: it is started once, and `world.app` was
    headers = {"Authorization": f"Bearer {admin.token}"}
    known = {name: value for name, value in filled.items() if name != "token"}  # that one would revoke itself
    count = 0
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an `Err` fails right here
        answered = 0

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
        def ask(case: Any, is_known: bool) -> None:
            nonlocal answered
            if is_known and mode is GenerationMode.POSITIVE:
                case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)
            answered += 1

        with contextlib.suppress(Unsatisfiable):  # there is nothing that its description forbids
            ask()
        count += answered > 0
    described = sum(
        1 for route in world.app.routes if isinstance(route, HTTPRoute) and route.path.startswith("/api/v1/")
    )
    assert count >= described / 2
