"""What puts releases onto targets: one adapter a module, with its `SPEC`."""
