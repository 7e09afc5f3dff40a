"""Commands that may be run: one adapter a module, with its `SPEC`."""
