"""Wires `holdfast compare`: what a scan has, and nothing else."""

from holdfast.app.scanning import LocalScan
from holdfast.edges.cli.compare import make_compare

compare = make_compare(LocalScan)
