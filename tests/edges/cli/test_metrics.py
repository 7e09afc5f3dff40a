"""`holdfast metrics`."""

from tests.edges.cli.shell import Shell


def test_metrics_name_every_measure(exposed: Shell) -> None:
    out = exposed("metrics").out
    for name in ("time to detect", "time to mitigate", "time to repair", "exposure window", "deciding", "acting"):
        assert name in out


def test_metrics_without_data_are_no_zero(shell: Shell) -> None:
    lines = shell("metrics").out.splitlines()
    assert all("–" in line for line in lines[1:])
    assert shell.json("metrics")["items"][0]["figures"][0]["p50_s"] is None


def test_metrics_from_the_journal_are_the_same(exposed: Shell, exposure: str) -> None:
    exposed("fix", exposure, "--apply", exposed.files / "shop")
    exposed("release", exposed.files / "shop", "--version", "1.1", "--commit", "beef")
    exposed("deploy", "shop", "--environment", "production", "--version", "1.1")
    for by in ([], ["--by", "team"], ["--by", "severity", "--by", "month"]):
        served, computed = (exposed.json("metrics", *by, *more) for more in ([], ["--from-journal"]))
        assert served["items"] == computed["items"]
        assert (served["from"], computed["from"]) == ("server", "journal")


def test_metrics_are_grouped(exposed: Shell) -> None:
    groups = exposed.json("metrics", "--by", "team", "--by", "environment")["items"]
    assert [one["key"] for one in groups] == [{"team": "retail", "environment": "production"}]


def test_metrics_by_something_else_are_a_usage_error(exposed: Shell) -> None:
    exposed("metrics", "--by", "weather", code=2)


def test_metrics_in_markdown_are_a_table(exposed: Shell) -> None:
    assert exposed("metrics", "--format", "markdown").out.startswith("| Group | Measure | p50 |")
