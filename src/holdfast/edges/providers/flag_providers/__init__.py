"""Flag systems that teams have already: one adapter a module, with its `SPEC`."""
