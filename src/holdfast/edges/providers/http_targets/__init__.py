"""Receivers of signed requests: one adapter a module, with its `SPEC`."""
