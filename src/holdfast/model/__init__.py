"""Nouns: frozen values that every stage of the loop shares."""
