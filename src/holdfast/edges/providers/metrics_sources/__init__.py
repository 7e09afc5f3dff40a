"""Sources of measured values: one adapter a module, with its `SPEC`."""
