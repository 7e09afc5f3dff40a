"""The HTTP API under `/api/v1`, and the process's own health and figures."""
