"""What runs in a program under `ouroloop run` before the program's own first line.

`ouroloop run FILE` becomes the process `python FILE`, with this folder in front of PYTHONPATH, so that the
interpreter itself runs the program and nothing of ours stands under it. Python's start-up imports a module of
this name. It takes back what brought it here (two variables, an entry of `sys.path`), gives way to the
`sitecustomize` that would have been found without it, and leaves one import hook, through which
`service.takeover` is called when the program imports asyncio. A program that does not is left with nothing
else of ours, so this file imports only what start-up itself has.

Processes that `multiprocessing` spawns import it by its full name and call `follow`.
"""

import os
import sys

TYPE_CHECKING = False  # `typing` is not among the modules of start-up.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# Set by `ouroloop run`: whose uvloop the program gets, and the PYTHONPATH to restore, absent where there was
# none.
RUN_VARIABLE = "OUROLOOP_RUN"
PYTHONPATH_VARIABLE = "OUROLOOP_RUN_PYTHONPATH"
ANSWER_UVLOOP = "answer-uvloop"
KEEP_UVLOOP = "keep-uvloop"

FULL_NAME = "ouroloop.service.startup.sitecustomize"
UVLOOP_NAMES = ("uvloop", "uvloop.loop")


class ImportHook:
    """A finder in front of `sys.meta_path`: acts when a module has been loaded, and answers for uvloop."""

    def __init__(self, keep_uvloop: bool) -> None:
        self.keep_uvloop = keep_uvloop
        self.sequels: dict[str, Callable[[Any], None]] = {
            "asyncio": take_over,
            "multiprocessing.spawn": self.follow_into_children,
        }

    def install(self) -> None:
        sys.meta_path.insert(0, self)
        for name, sequel in self.sequels.items():
            if name in sys.modules:
                sequel(sys.modules[name])

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name in self.sequels:
            spec = self.find_elsewhere(name, path, target)
            if spec is not None and is_from_standard_library(spec):
                spec.loader = LoaderWithSequel(spec.loader, self.sequels[name])  # type: ignore[assignment]
            return spec
        if name in UVLOOP_NAMES and not self.keep_uvloop:
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, UvloopLoader(), origin="ouroloop", is_package=name == UVLOOP_NAMES[0])  # type: ignore[arg-type]
        return None

    def find_elsewhere(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        return None

    def follow_into_children(self, spawn: "Any") -> None:
        """Lets `multiprocessing` carry the hook to the processes that it does not fork."""
        prepare = spawn.get_preparation_data

        def get_preparation_data(name: str) -> "dict[str, Any]":
            data: dict[str, Any] = prepare(name)
            data["ouroloop"] = Follower(self.keep_uvloop)
            return data

        spawn.get_preparation_data = get_preparation_data


class LoaderWithSequel:
    """Loads a module as its own loader does, then calls `sequel` with it."""

    def __init__(self, loader: "Any", sequel: "Callable[[Any], None]") -> None:
        self.loader = loader
        self.sequel = sequel

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.loader, name)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: "ModuleType") -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.sequel(module)


class UvloopLoader:
    """Makes the module that a program gets when it imports uvloop."""

    def create_module(self, spec: "ModuleSpec") -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        from ouroloop.service import uvloop_names

        uvloop_names.fill(module)


class Follower:
    """Installs the hook where it is unpickled; imports nothing of ours where it is pickled."""

    def __init__(self, keep_uvloop: bool) -> None:
        self.keep_uvloop = keep_uvloop

    def __reduce__(self) -> "tuple[Any, ...]":
        source = f"from {FULL_NAME} import follow; follow(keep_uvloop={self.keep_uvloop})"
        return exec, (source, {})


def take_over(asyncio: "ModuleType") -> None:
    from ouroloop.service import takeover

    takeover.take_over(asyncio)


def follow(*, keep_uvloop: bool) -> None:
    """Goes on, in a process that `multiprocessing` made, with what its parent has."""
    ImportHook(keep_uvloop).install()


def is_from_standard_library(spec: "ModuleSpec") -> bool:
    """A program may have a module called asyncio of its own, which is none of ours."""
    if spec.origin is None:
        return False
    package = os.path.dirname(os.path.realpath(spec.origin))
    return os.path.dirname(package) == os.path.realpath(os.path.dirname(os.__file__))


def restore_environment() -> bool:
    """Takes back what `ouroloop run` set for this process; says whether it is to keep the real uvloop."""
    keep_uvloop = os.environ.pop(RUN_VARIABLE) == KEEP_UVLOOP
    pythonpath = os.environ.pop(PYTHONPATH_VARIABLE, None)
    if pythonpath is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = pythonpath
    return keep_uvloop


def leave_path() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)


def start() -> None:
    leave_path()
    if RUN_VARIABLE in os.environ:
        ImportHook(restore_environment()).install()
    # Start-up goes on with the module of this name that is now the first on the path. Where there is none,
    # the error that this raises is the one that it expects from an installation without a `sitecustomize`.
    del sys.modules["sitecustomize"]
    __import__("sitecustomize")


if __name__ == "sitecustomize":
    start()
