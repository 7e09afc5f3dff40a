"""Wiring: configuration, composition, schedule, `main`. Imports everyone; nobody imports it."""
