"""Kinds of I/O that the loop does not have yet say so."""

import pytest

MISSING = {
    "sock_sendfile": "sendfile",
}


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("method", MISSING)
def test_missing_kind_of_io_is_named(loop, method):
    with pytest.raises(NotImplementedError, match=f"does not support {MISSING[method]} yet"):
        loop.run_until_complete(getattr(loop, method)(print, "argument"))
