"""All primitives, in the order of the tables."""

from benchmarks.programs.primitives import callbacks, limits, tasks, threads, waking
from benchmarks.programs.primitives.registry import declared

PRIMITIVES = [
    primitive
    for module in (tasks, waking, callbacks, limits, threads)
    for primitive in declared
    if primitive.operation.__module__ == module.__name__
]
