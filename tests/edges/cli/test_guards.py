"""`holdfast guards`."""

from tests.edges.cli.shell import Shell


def test_limits_are_shown_and_set(shell: Shell) -> None:
    assert "nothing is frozen" in shell("guards", "show").err
    shell(
        "guards", "set", "--services-per-hour", "20", "--cooldown", "10m", "--max-share", "0.5", "--max-drill-age", "7d"
    )
    known = shell.json("guards", "show")
    assert (known["services_per_hour"], known["cooldown_s"], known["max_share"]) == (20, 600, 0.5)
    assert "50 %" in shell("guards", "show").out


def test_setting_nothing_is_a_mistake(shell: Shell) -> None:
    assert "no limit is named" in shell("guards", "set", code=2).err


def test_freeze_is_made_and_lifted(shell: Shell) -> None:
    made = shell.json("guards", "freeze", "--for", "6h", "--environment", "production", "--reason", "a sale | <b>")
    assert made["environments"] == ["production"]
    printed = shell("guards", "show")
    assert made["id"] in printed.out
    assert "a sale | <b>" in printed.out
    assert shell.json("guards", "unfreeze", made["id"])["freezes"] == []
    assert "no freeze" in shell("guards", "unfreeze", made["id"], code=4).err


def test_freeze_has_one_end(shell: Shell) -> None:
    for ends in ((), ("--for", "6h", "--until", "2099-01-01T00:00:00Z")):
        assert "how long?" in shell("guards", "freeze", *ends, "--reason", "x", code=2).err
    assert (
        "a freeze that ended"
        in shell("guards", "freeze", "--until", "2020-01-01T00:00:00Z", "--reason", "x", code=2).err
    )


def test_freeze_everywhere_begins_when_it_is_told(shell: Shell) -> None:
    shell("guards", "freeze", "--from", "2098-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z", "--reason", "x")
    (freeze,) = shell.json("guards", "show")["freezes"]
    assert (freeze["starts_at"], freeze["environments"]) == ("2098-01-01T00:00:00Z", [])
    assert "everywhere" in shell("guards", "show").out
