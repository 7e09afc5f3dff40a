"""What every expression may read of where a thing is: the same words in plans and in policies."""

from holdfast.controls.cel import INT, STRING, Type, object_of

SERVICE: Type = object_of("service", {"name": STRING, "team": STRING, "tier": INT, "exposure": STRING})
"""`service`: a tier is from 1, the most important, to 9; an exposure `internet`, `internal` or `development`."""

ENVIRONMENT: Type = object_of("environment", {"name": STRING, "tier": INT, "exposure": STRING})
"""`environment`: where it runs, or is bound for."""
