"""The local collector: this machine as a host, and the Python environments on it."""

from holdfast.edges.agent.host import collect_host
from holdfast.edges.agent.python import collect_python_environment

__all__ = ["collect_host", "collect_python_environment"]
