"""Nothing of one notebook is seen by the next: what can be put back is, the rest is told."""

from __future__ import annotations

import ast
import builtins
import decimal
import gc
import linecache
import locale
import logging
import operator
import os
import random
import signal
import site
import socket
import sys
import sysconfig
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PACKAGE = "kejistats"
# Of `sys`, what Python itself sets as it goes, and what is put back below.
_MOVING = {
    "sys": {"stdin", "stdout", "stderr", "displayhook", "excepthook", "path", "argv", "meta_path",
            "ps1", "ps2", "last_type", "last_value", "last_traceback", "last_exc"},
    "builtins": {"_", "get_ipython", "display", "exit", "quit"},
    "os": {"environ"},
    "time": {"timezone", "altzone", "daylight", "tzname"},
}  # fmt: skip
_CHANGING = {
    "setattr", "delattr", "__setattr__", "__delattr__", "__dict__", "vars", "exec", "eval",
    "modules", "patch", "globals", "get_ipython",
}  # fmt: skip
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGHUP")
    if hasattr(signal, name)
]


class Baseline:
    """The state of a process that has loaded its libraries, to which each notebook returns."""

    def __init__(self) -> None:
        # What is loaded stays: to look for garbage among it again and again takes 0.1 s a brief.
        gc.collect()
        random.seed(0)
        self._random = random.getstate()
        self._modules: dict[str, dict[str, Any]] = {}
        self._classes: dict[type, dict[str, Any]] = {}
        self._content: dict[tuple[str, str], Any] = {}
        self._own_loaded = False
        self._stuck: list[str] = []
        self._take(set(sys.modules) - {"__main__"})
        self._threads = set(threading.enumerate())
        self._lines = set(linecache.cache)
        self._loggers = _loggers()
        self._kept = [(put, read()) for read, put in _settings()]

    @contextmanager
    def notebook(self) -> Iterator[None]:
        """Let a notebook change what it likes, then put it back."""
        environment, folder = dict(os.environ), Path.cwd()
        sys.path.insert(0, "")  # modules beside the notebook, as a kernel finds them
        self._begin()
        try:
            with warnings.catch_warnings(), _figures():
                yield
        finally:
            zone = os.environ.get("TZ")
            os.environ.clear()
            os.environ.update(environment)
            if zone != environment.get("TZ") and hasattr(time, "tzset"):
                time.tzset()
            os.chdir(folder)
            self._put_back()

    def _begin(self) -> None:
        # The same for each, so that a page does not depend on who made it.
        random.setstate(self._random)
        if numpy := sys.modules.get("numpy.random"):
            numpy.seed(0)
        if polars := sys.modules.get("polars"):
            polars.set_random_seed(0)

    def _put_back(self) -> None:
        for put, value in self._kept:
            try:
                put(value)
            except Exception as error:
                # What would put it back has itself been changed: the worker goes.
                self._stuck.append(f"a setting stays as it is: {type(error).__name__}: {error}")
        for name, (logger, level, handlers, propagate, disabled) in _loggers().items():
            if name not in self._loggers:
                logger.handlers[:], logger.level, logger.propagate = [], logging.NOTSET, True
            elif self._loggers[name] != (logger, level, handlers, propagate, disabled):
                _, logger.level, logger.handlers[:], logger.propagate, logger.disabled = (
                    self._loggers[name]
                )
                logging.root.manager._clear_cache()  # type: ignore[attr-defined]
        for key in set(linecache.cache) - self._lines:
            del linecache.cache[key]
        sys.settrace(None)
        sys.setprofile(None)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._forget_modules()
        gc.collect()

    def _forget_modules(self) -> None:
        """Drop modules that lie beside the notebook: the next may find others, or changed ones."""
        beside = [name for name in self.loaded() if not _is_library(sys.modules[name])]
        for name in beside:
            del sys.modules[name]
        self._own_loaded = bool(beside)

    def lasting(self, sources: Sequence[str]) -> list[str]:
        """Return what a notebook has changed that cannot be put back, as far as can be seen.

        Attributes of modules and classes are compared one by one, which takes about 15 ms. A
        module that was loaded meanwhile cannot be compared: if nothing in the notebook could
        change one, it is taken as it is from now on.

        Parameters
        ----------
        sources
            Sources of the notebook's cells.
        """
        found = [f"thread {t.name}" for t in set(threading.enumerate()) - self._threads]
        found += self._stuck
        found += self._changed_modules() + self._changed_classes() + self._changed_content()
        found += [f"descriptor {number} closed" for number in range(3) if _closed(number)]
        loaded = self.loaded()
        if loaded and not found:
            if self._own_loaded or any(may_change_libraries(source) for source in sources):
                found += [f"{name} loaded and perhaps changed" for name in loaded]
            else:
                self._take(loaded)
        return found

    def loaded(self) -> list[str]:
        """Return the names of the libraries' modules that were loaded since."""
        return sorted(set(sys.modules) - set(self._modules) - {"__main__"})

    def _take(self, names: Iterable[str]) -> None:
        gc.freeze()
        for name in names:
            held = dict(getattr(sys.modules[name], "__dict__", {}))
            self._modules[name] = held
            kinds = (value for value in held.values() if isinstance(value, type))
            self._classes |= {kind: dict(kind.__dict__) for kind in kinds}
            if _is_own(name):
                self._content |= {
                    (name, key): value.copy()
                    for key, value in held.items()
                    if isinstance(value, dict | list | set) and not key.startswith("__")
                }

    def _changed_modules(self) -> list[str]:
        found = []
        for name, before in self._modules.items():
            module = sys.modules.get(name)
            if module is None:
                found.append(f"module {name} removed")
                continue
            now = getattr(module, "__dict__", {})
            if _same(before, now):
                continue
            # Libraries keep things in their modules as they go; Python's own names are fixed.
            loose = not _is_own(name) and name != "builtins"
            spared = _MOVING.get(name, set())
            found += [
                f"{name}.{key}"
                for key in _different(before, now)
                if key not in spared and not _natural(key, before.get(key), now.get(key), loose)
            ]
        return found

    def _changed_classes(self) -> list[str]:
        found = []
        for kind, before in self._classes.items():
            now = kind.__dict__
            if not _same(before, now):
                found += [
                    f"{kind.__module__}.{kind.__qualname__}.{key}"
                    for key in _different(before, now)
                    if not _natural(key, before.get(key), now.get(key), loose=True)
                ]
        return found

    def _changed_content(self) -> list[str]:
        return [
            f"{name}.{key}"
            for (name, key), before in self._content.items()
            if self._modules[name][key] != before
        ]


def may_change_libraries(source: str) -> bool:
    r"""Say whether a cell could set an attribute of a module or class, by what stands in it.

    Examples
    --------
    >>> may_change_libraries("import csv\nrows = list(csv.reader(open('a.csv')))")
    False
    >>> may_change_libraries("import csv\ncsv.reader = None")
    True
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return True  # a magic command, which may do anything
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            return True
        name = getattr(node, "attr", getattr(node, "id", ""))
        if isinstance(node, ast.Attribute | ast.Name) and name in _CHANGING:
            return True
    return False


def _same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return len(before) == len(now) and all(map(operator.is_, before.values(), now.values()))


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    absent = object()
    names = dict.fromkeys([*before, *now])
    return [k for k in names if before.get(k, absent) is not now.get(k, absent)]


def _natural(key: str, before: Any, now: Any, loose: bool) -> bool:
    """Say whether a library may have changed this itself: a module loaded, a thing made late."""
    if key.startswith("__") and key.endswith("__") and not callable(before):
        return True
    if isinstance(now, types.ModuleType) and before is None:
        return True
    if getattr(now, "__module__", None) == "__main__" or callable(before):
        return False
    return loose and (before is None or key.startswith("_"))


def _is_own(name: str) -> bool:
    return name == _PACKAGE or name.startswith(f"{_PACKAGE}.")


_LIBRARIES = tuple(
    {str(Path(sysconfig.get_path(name)).resolve()) + os.sep
     for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(folder).resolve()) + os.sep for folder in site.getsitepackages()}
)  # fmt: skip


def _is_library(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    name = getattr(module, "__name__", "")
    return file is None or _is_own(name) or str(Path(file).resolve()).startswith(_LIBRARIES)


@contextmanager
def _figures() -> Iterator[None]:
    """Put back matplotlib's parameters and close the figures left open."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        yield
        return
    try:
        with matplotlib.rc_context():
            yield
    finally:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")


def _loggers() -> dict[str, tuple[logging.Logger, int, list[logging.Handler], bool, bool]]:
    known = {"root": logging.root, **logging.root.manager.loggerDict}
    return {
        name: (one, one.level, list(one.handlers), one.propagate, one.disabled)
        for name, one in known.items()
        if isinstance(one, logging.Logger)
    }


_Setting = tuple[Callable[[], Any], Callable[[Any], Any]]


def _settings() -> list[_Setting]:
    """Return how each setting of the process is read and put back."""

    def restored(target: list[Any]) -> _Setting:
        def put(value: list[Any]) -> None:
            target[:] = value

        return (lambda: list(target)), put

    def named(module: types.ModuleType, name: str) -> _Setting:
        return (lambda: getattr(module, name)), (lambda value: setattr(module, name, value))

    found: list[_Setting] = [
        restored(sys.path),
        restored(sys.meta_path),
        *(named(sys, name) for name in ("stdin", "stdout", "stderr", "argv", "excepthook")),
        named(sys, "displayhook"),
        named(sys, "path"),
        named(builtins, "open"),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (sys.getswitchinterval, sys.setswitchinterval),
        (lambda: locale.setlocale(locale.LC_ALL), lambda v: locale.setlocale(locale.LC_ALL, v)),
        (lambda: decimal.getcontext().copy(), lambda v: decimal.setcontext(v.copy())),
        (socket.getdefaulttimeout, socket.setdefaulttimeout),
        (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
        (gc.get_threshold, lambda v: gc.set_threshold(*v)),
        (lambda: logging.root.manager.disable, logging.disable),
        (_mask, os.umask),
        (lambda: {s: signal.getsignal(s) for s in _SIGNALS}, _put_signals),
    ]
    if numpy := sys.modules.get("numpy"):
        found += [
            (numpy.geterr, lambda v: numpy.seterr(**v)),
            (numpy.get_printoptions, lambda v: numpy.set_printoptions(**v)),
        ]
    if polars := sys.modules.get("polars"):
        config = polars.Config
        found.append((config.save, lambda v: v == config.save() or config.load(v)))
    return found


def _closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _put_signals(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)
