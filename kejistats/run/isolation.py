"""Isolate notebooks run in one process: restore what can be restored, report what cannot."""

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
# Attributes that Python itself changes while it runs, and those that are restored below.
_VOLATILE = {
    "sys": {"stdin", "stdout", "stderr", "displayhook", "excepthook", "path", "argv", "meta_path",
            "ps1", "ps2", "last_type", "last_value", "last_traceback", "last_exc"},
    "builtins": {"_", "get_ipython", "display", "exit", "quit"},
    "os": {"environ"},
    "time": {"timezone", "altzone", "daylight", "tzname"},
}  # fmt: skip
# Names with which a cell could change a module or class without assigning to an attribute.
_MUTATORS = {
    "setattr", "delattr", "__setattr__", "__delattr__", "__dict__", "vars", "exec", "eval",
    "modules", "patch", "globals", "get_ipython",
}  # fmt: skip
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGHUP")
    if hasattr(signal, name)
]


class Baseline:
    """The state of a process with its libraries loaded, restored after each notebook."""

    def __init__(self) -> None:
        # `_snapshot` freezes what is loaded: collecting among it would take 0.1 s per brief.
        gc.collect()
        random.seed(0)
        self._random = random.getstate()
        self._modules: dict[str, dict[str, Any]] = {}
        self._classes: dict[type, dict[str, Any]] = {}
        self._content: dict[tuple[str, str], Any] = {}
        self._had_local_modules = False
        self._restore_errors: list[str] = []
        self._snapshot(set(sys.modules) - {"__main__"})
        self._threads = set(threading.enumerate())
        self._lines = set(linecache.cache)
        self._loggers = _loggers()
        self._settings = [(restore, read()) for read, restore in _settings()]

    @contextmanager
    def notebook(self) -> Iterator[None]:
        """Run a notebook within this context, then restore the state."""
        environment, folder = dict(os.environ), Path.cwd()
        sys.path.insert(0, "")  # finds modules in the notebook's folder, as a kernel does
        self._seed()
        try:
            with warnings.catch_warnings(), _matplotlib_state():
                yield
        finally:
            zone = os.environ.get("TZ")
            os.environ.clear()
            os.environ.update(environment)
            if zone != environment.get("TZ") and hasattr(time, "tzset"):
                time.tzset()
            os.chdir(folder)
            self._restore()

    def _seed(self) -> None:
        """Seed all random numbers alike, so that a page does not depend on its worker."""
        random.setstate(self._random)
        if numpy := sys.modules.get("numpy.random"):
            numpy.seed(0)
        if polars := sys.modules.get("polars"):
            polars.set_random_seed(0)

    def _restore(self) -> None:
        for restore, value in self._settings:
            try:
                restore(value)
            except Exception as error:
                # The notebook has changed the very function that restores it: retire the worker.
                self._restore_errors.append(
                    f"a setting cannot be restored: {type(error).__name__}: {error}"
                )
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
        self._drop_local_modules()
        gc.collect()

    def _drop_local_modules(self) -> None:
        """Drop modules of the notebook's folder: the next notebook may have others of that name."""
        local = [name for name in self.newly_loaded() if not _is_library(sys.modules[name])]
        for name in local:
            del sys.modules[name]
        self._had_local_modules = bool(local)

    def leaked_state(self, sources: Sequence[str]) -> list[str]:
        """Return the changes of a notebook that could not be undone, as far as can be detected.

        Attributes of modules and classes are compared one by one, which takes about 15 ms. A
        module loaded by the notebook has nothing to be compared with: if no cell can have changed
        one, its present state joins the baseline.

        Parameters
        ----------
        sources
            Sources of the notebook's cells.
        """
        leaks = [f"thread {t.name}" for t in set(threading.enumerate()) - self._threads]
        leaks += self._restore_errors
        leaks += self._changed_modules() + self._changed_classes() + self._changed_content()
        leaks += [f"descriptor {number} closed" for number in range(3) if _closed(number)]
        loaded = self.newly_loaded()
        if loaded and not leaks:
            if self._had_local_modules or any(may_change_libraries(source) for source in sources):
                leaks += [f"{name} loaded and perhaps changed" for name in loaded]
            else:
                self._snapshot(loaded)
        return leaks

    def newly_loaded(self) -> list[str]:
        """Return the names of modules that are not part of the baseline."""
        return sorted(set(sys.modules) - set(self._modules) - {"__main__"})

    def _snapshot(self, names: Iterable[str]) -> None:
        """Add modules, their classes and this package's module-level containers to the baseline."""
        gc.freeze()
        for name in names:
            attributes = dict(getattr(sys.modules[name], "__dict__", {}))
            self._modules[name] = attributes
            classes = (value for value in attributes.values() if isinstance(value, type))
            self._classes |= {cls: dict(cls.__dict__) for cls in classes}
            if _is_kejistats(name):
                self._content |= {
                    (name, key): value.copy()
                    for key, value in attributes.items()
                    if isinstance(value, dict | list | set) and not key.startswith("__")
                }

    def _changed_modules(self) -> list[str]:
        changed = []
        for name, before in self._modules.items():
            module = sys.modules.get(name)
            if module is None:
                changed.append(f"module {name} removed")
                continue
            now = getattr(module, "__dict__", {})
            if _same(before, now):
                continue
            # Libraries cache things in their modules; builtins and this package do not.
            lenient = not _is_kejistats(name) and name != "builtins"
            volatile = _VOLATILE.get(name, set())
            changed += [
                f"{name}.{key}"
                for key in _different(before, now)
                if key not in volatile
                and not _harmless(key, before.get(key), now.get(key), lenient)
            ]
        return changed

    def _changed_classes(self) -> list[str]:
        changed = []
        for cls, before in self._classes.items():
            now = cls.__dict__
            if not _same(before, now):
                changed += [
                    f"{cls.__module__}.{cls.__qualname__}.{key}"
                    for key in _different(before, now)
                    if not _harmless(key, before.get(key), now.get(key), lenient=True)
                ]
        return changed

    def _changed_content(self) -> list[str]:
        return [
            f"{name}.{key}"
            for (name, key), before in self._content.items()
            if self._modules[name][key] != before
        ]


def may_change_libraries(source: str) -> bool:
    r"""Say whether a cell's source contains anything that could change a module or class.

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
        return True  # a magic command may do anything
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            return True
        name = getattr(node, "attr", getattr(node, "id", ""))
        if isinstance(node, ast.Attribute | ast.Name) and name in _MUTATORS:
            return True
    return False


def _same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return len(before) == len(now) and all(map(operator.is_, before.values(), now.values()))


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    absent = object()
    names = dict.fromkeys([*before, *now])
    return [k for k in names if before.get(k, absent) is not now.get(k, absent)]


def _harmless(key: str, before: Any, now: Any, lenient: bool) -> bool:
    """Say whether a library may have made this change itself: a lazy import or a cached value."""
    if key.startswith("__") and key.endswith("__") and not callable(before):
        return True
    if isinstance(now, types.ModuleType) and before is None:
        return True
    if getattr(now, "__module__", None) == "__main__" or callable(before):
        return False
    return lenient and (before is None or key.startswith("_"))


def _is_kejistats(name: str) -> bool:
    return name == _PACKAGE or name.startswith(f"{_PACKAGE}.")


_LIBRARIES = tuple(
    {str(Path(sysconfig.get_path(name)).resolve()) + os.sep
     for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(folder).resolve()) + os.sep for folder in site.getsitepackages()}
)  # fmt: skip


def _is_library(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    name = getattr(module, "__name__", "")
    return file is None or _is_kejistats(name) or str(Path(file).resolve()).startswith(_LIBRARIES)


@contextmanager
def _matplotlib_state() -> Iterator[None]:
    """Restore matplotlib's parameters and close the figures left open."""
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
    loggers = {"root": logging.root, **logging.root.manager.loggerDict}
    return {
        name: (logger, logger.level, list(logger.handlers), logger.propagate, logger.disabled)
        for name, logger in loggers.items()
        if isinstance(logger, logging.Logger)
    }


_Setting = tuple[Callable[[], Any], Callable[[Any], Any]]


def _settings() -> list[_Setting]:
    """Return a function that reads and one that restores each setting of the process."""

    def list_content(target: list[Any]) -> _Setting:
        def restore(value: list[Any]) -> None:
            target[:] = value

        return (lambda: list(target)), restore

    def attribute(module: types.ModuleType, name: str) -> _Setting:
        return (lambda: getattr(module, name)), (lambda value: setattr(module, name, value))

    settings: list[_Setting] = [
        list_content(sys.path),
        list_content(sys.meta_path),
        *(attribute(sys, name) for name in ("stdin", "stdout", "stderr", "argv", "excepthook")),
        attribute(sys, "displayhook"),
        attribute(sys, "path"),
        attribute(builtins, "open"),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (sys.getswitchinterval, sys.setswitchinterval),
        (lambda: locale.setlocale(locale.LC_ALL), lambda v: locale.setlocale(locale.LC_ALL, v)),
        (lambda: decimal.getcontext().copy(), lambda v: decimal.setcontext(v.copy())),
        (socket.getdefaulttimeout, socket.setdefaulttimeout),
        (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
        (gc.get_threshold, lambda v: gc.set_threshold(*v)),
        (lambda: logging.root.manager.disable, logging.disable),
        (_read_umask, os.umask),
        (lambda: {s: signal.getsignal(s) for s in _SIGNALS}, _restore_signals),
    ]
    if numpy := sys.modules.get("numpy"):
        settings += [
            (numpy.geterr, lambda v: numpy.seterr(**v)),
            (numpy.get_printoptions, lambda v: numpy.set_printoptions(**v)),
        ]
    if polars := sys.modules.get("polars"):
        config = polars.Config
        settings.append((config.save, lambda v: v == config.save() or config.load(v)))
    return settings


def _closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _read_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _restore_signals(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)
