"""Tests of other tools that a gate runs."""
