"""The project's benchmark: every figure it publishes was written by ``python -m benchmarks``.

The command runs questions (one file each in `questions`) on the loops that the running Python has,
interleaved, and writes a page with medians, spread and paired ratios. `programs` holds what runs in the
measured processes, `native` the load generator and the C server that is the limit.
"""
