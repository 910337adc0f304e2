"""Runs CPython's own asyncio tests on another event loop, beside the standard library's own result.

The tests are those of the interpreter that runs this. Each test module runs in a process of its own; the loop
under test is swapped in while the module is imported, and what tests private parts of the standard library is
left out or said to be so. What fails on ours and passes on the standard library stands in
`known_differences.toml` with its reason, or the run fails.
"""
