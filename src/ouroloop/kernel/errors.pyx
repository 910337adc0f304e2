"""Turns an errno into the exception that Python raises for it.

`OSError` itself picks the subclass (`ConnectionResetError` for ECONNRESET, and so on), so the result is what the
`socket` and `os` modules would have raised.
"""

import os


cdef object os_error(int number):
    return OSError(number, os.strerror(number))
