"""Descriptor numbers out of what users pass for them."""

from __future__ import annotations

from typing import Any


def descriptor_of(source: Any) -> int:
    """The number of a descriptor, or of anything with a `fileno()`.

    Raises ValueError for what has none, with the standard library's text (`selectors`).
    """
    if isinstance(source, int):
        number = source
    else:
        try:
            number = int(source.fileno())
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"Invalid file object: {source!r}") from None
    if number < 0:
        raise ValueError(f"Invalid file descriptor: {number}")
    return number
