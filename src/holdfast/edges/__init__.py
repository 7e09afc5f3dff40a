"""Plugs: all input and output; rooms of it do not import each other."""
