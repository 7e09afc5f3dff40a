"""The cases of each action, one module each, named like the action's own: see `holdfast.testing.actions`."""
