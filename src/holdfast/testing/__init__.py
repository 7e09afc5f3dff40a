"""Fakes and conformance suites that ship with the product, so that plug-ins can be tested as we test our own."""
