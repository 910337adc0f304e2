"""What tests of programs that run on Ouroloop need."""

from __future__ import annotations

from ouroloop.testing.test_case import IsolatedAsyncioTestCase

__all__ = ["IsolatedAsyncioTestCase"]
