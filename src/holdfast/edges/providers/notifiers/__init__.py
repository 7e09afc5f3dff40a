"""Receivers of messages: one adapter a module, with its `SPEC`."""
