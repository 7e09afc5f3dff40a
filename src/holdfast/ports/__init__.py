"""Sockets: one Protocol a file, named by role. Their fakes are in `holdfast.testing`."""
