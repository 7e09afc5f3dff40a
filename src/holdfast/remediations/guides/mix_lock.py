"""`mix.lock`. Source: https://hexdocs.pm/mix/Mix.Tasks.Deps.Update.html"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the update of this package alone; Mix runs `mix.exs` for it."""
    note = f"if it does not reach {upgrade.version}, raise its requirement in mix.exs (`override: true` for another's)"
    return Advice(command("mix", "deps.update", upgrade.name), note=note)


SPEC = Guide("mix_lock", advise)
