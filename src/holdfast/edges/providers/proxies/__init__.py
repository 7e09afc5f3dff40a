"""Proxies before services: one adapter a module, with its `SPEC`."""
