"""Readers of bills of materials, which documents in a tree, the API and the terminal share."""
