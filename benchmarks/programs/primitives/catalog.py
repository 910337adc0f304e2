"""All operations that are timed inside a process, in the order of the tables."""

from benchmarks.programs.primitives import callbacks, limits, names, tasks, threads, waking
from benchmarks.programs.primitives.registry import Primitive, declared


def _declared_in(*modules: object) -> list[Primitive]:
    homes = [module.__name__ for module in modules]
    return sorted(
        (each for each in declared if each.operation.__module__ in homes),
        key=lambda each: homes.index(each.operation.__module__),
    )


PRIMITIVES = _declared_in(tasks, waking, callbacks, limits, threads)
NAMES = _declared_in(names)
