"""What an adapter does not promise is an error of one thing, and its text goes nowhere."""

import pytest

from holdfast.errors import ActionError, PlanError, tell_error
from holdfast.loop.unforeseen import only_promised

SECRET = "Max retries exceeded with url: /hook?token=SECRET"


class StoreError(Exception):
    """What the store is known to raise."""


@pytest.mark.parametrize("error", [ConnectionError(SECRET), OSError(SECRET), KeyError(SECRET)])
def test_what_is_not_promised_is_named_by_its_type_alone(error: Exception) -> None:
    """Errors of the system too, although the store's may be such: whoever asks over a network raises those."""
    with pytest.raises(ActionError) as caught, only_promised("`http`", (StoreError, OSError)):
        raise error
    assert f"`http` raised `{type(error).__name__}`" in caught.value.message
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("error", [PlanError("not configured"), StoreError("away")])
def test_what_is_promised_and_what_is_the_stores_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, only_promised("`http`", (StoreError, OSError)):
        raise error
    assert caught.value is error


def test_words_of_the_system_are_told() -> None:
    with pytest.raises(ActionError, match="No space left on device"), only_promised("`command`"):
        raise OSError(28, "No space left on device", "/secret/place")


def test_of_an_error_only_our_own_words_are_told() -> None:
    assert tell_error(ActionError("no answer")) == "no answer"
    assert tell_error(StoreError(SECRET)) == "StoreError"
