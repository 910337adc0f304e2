"""Runs the test suites of the libraries that people use on asyncio: on the standard library's loop, on uvloop, on ours.

A library is a recipe: a file in `recipes/` that says which version is installed and how its tests are run, and, where
its source distribution has no tests or where there is more to show, a file of tests beside it. `command.py` is the
run: for each library an environment (`environment.py`), the servers that it needs (`servers.py`), its suite once a
loop (`suite.py`), and what the outcomes say together (`verdict.py`). `page.py` writes docs/ecosystem.md.

No file of a library is changed. Ours becomes the loop by `ouroloop run`, uvloop by its policy.
"""
