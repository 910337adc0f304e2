"""Runs a program file on uvloop without changing it: `python on_uvloop.py FILE`."""

import runpy
import sys

import uvloop

uvloop.install()
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
