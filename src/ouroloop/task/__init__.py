"""Futures and tasks, and their bridge to the standard library's registries."""
