"""Stop it now: plans, runs, flags, and the actions that they are made of."""
