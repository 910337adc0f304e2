"""Readiness: which descriptors can be read or written now, and how to sleep until one can."""
