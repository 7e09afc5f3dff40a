"""Flag systems that an environment may have already: one adapter a module, with its `SPEC`."""
