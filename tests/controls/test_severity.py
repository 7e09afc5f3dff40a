import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.severity import best_severity, score_vector

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V30 = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(("vector", "score"), [(V2, 7.5), (V30, 9.1), (V31, 9.8), (V4, 9.3), (V31 + "/E:U", 9.8)])
def test_score_is_the_base_score_of_each_version(vector: str, score: float) -> None:
    assert score_vector(vector) == score


@pytest.mark.parametrize(
    "text", ["", "HIGH", "7.5", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N", V31 + "/X:Y" * 500, V2 + "/AV:N"]
)
def test_score_is_none_for_what_is_no_vector(text: str) -> None:
    assert score_vector(text) is None


@given(
    st.text()
    | st.text("AVNCLPRUISH:/.", max_size=60).map("CVSS:3.1/{}".format)
    | st.text("AV:NCLu/").map("AV:{}".format)
)
def test_score_answers_for_any_text(text: str) -> None:
    score = score_vector(text)
    assert score is None or 0.0 <= score <= 10.0


def test_best_severity_is_the_highest_version_that_can_be_read() -> None:
    best = best_severity([V2, V4, V31])
    assert best is not None
    assert (best.score, best.vector) == (9.3, V4)
    fallen = best_severity([V2, "CVSS:4.0/AV:N", V30])
    assert fallen is not None
    assert (fallen.score, fallen.vector) == (9.1, V30)


def test_unreadable_vector_is_kept_without_a_score() -> None:
    best = best_severity(["CVSS:3.1/AV:N"])
    assert best is not None
    assert (best.score, best.vector) == (None, "CVSS:3.1/AV:N")


def test_words_are_no_severity() -> None:
    assert best_severity(["HIGH", "medium"]) is None
