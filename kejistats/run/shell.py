"""A notebook's cells run by an IPython shell of this very process, a new one each time."""

from __future__ import annotations

import atexit
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from kejistats.run.cell_outputs import Outputs, Stream
from kejistats.run.channel import Message

INLINE = "module://matplotlib_inline.backend_inline"
_MAY_FAIL, _SKIPPED = "raises-exception", "skip-execution"


class _Hook(DisplayHook):
    """Keeps the value of a cell's last expression as its result."""

    shell: Any

    def write_output_prompt(self) -> None:
        """Print no prompt."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Keep the result in all its forms."""
        self.shell.outputs.show(
            "execute_result", format_dict, md_dict or {}, execution_count=self.prompt_count
        )

    def finish_displayhook(self) -> None:
        """Print nothing after it either: a notebook may have closed its standard output."""
        self._is_active = False

    def log_output(self, format_dict: Any) -> None:
        """Keep no history."""


class _Publisher(DisplayPublisher):
    """Keeps what ``display`` shows."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: object = None,  # noqa: ARG002 - part of the interface
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Keep a display, or change one that was named."""
        name = (transient or {}).get("display_id")
        if update and name:
            self.shell.outputs.update(name, data, metadata or {})
        elif not update:
            self.shell.outputs.show("display_data", data, metadata or {}, name=name)

    def clear_output(self, wait: bool = False) -> None:
        """Drop what the cell has put out."""
        self.shell.outputs.clear(wait=wait)


class Shell(InteractiveShell):
    """The shell of one notebook; it has neither history nor terminal."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs: Outputs
    own: tuple[Any, Any]

    @contextmanager
    def streams(self) -> Iterator[None]:
        """Let a cell print into the notebook, or wherever an earlier cell made it print."""
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self.own
        try:
            yield
        finally:
            self.own = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = before

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.error(etype.__name__, str(evalue), list(stb))

    @contextmanager
    def _tee(self, channel: str) -> Iterator[None]:  # noqa: ARG002 - IPython's interface
        """Keep no second copy of what is printed, for a history that nobody reads."""
        yield

    def enable_gui(self, gui: Any = None) -> None:
        """Take any event loop asked for as given: nothing is ever waited for."""


def run(cells: Sequence[tuple[str, list[str]]]) -> Iterator[Message]:
    """Run a notebook's cells in a namespace of their own.

    Parameters
    ----------
    cells
        Of each cell the source and the tags; the source of what is no code is empty.

    Yields
    ------
    dict
        ``{"begun": cell}`` and ``{"ended": cell, "count": …, "failed": …, "outputs": …}``, cells
        counted from 0, outputs by cell, those of earlier cells that it changed among them. After
        an error the cells that follow are not run.

    Examples
    --------
    >>> [event] = [e for e in run([("6 * 7", [])]) if "ended" in e]
    >>> event["outputs"][0][0]["data"]
    {'text/plain': '42'}
    """
    outputs = Outputs()
    with _shell(outputs) as shell:
        for number, (source, tags) in enumerate(cells):
            yield {"begun": number}
            count, failed = None, False
            outputs.begin(number)
            if source.strip() and _SKIPPED not in tags:
                count = shell.execution_count
                with shell.streams():
                    result = shell.run_cell(  # type: ignore[no-untyped-call]
                        source, store_history=True
                    )
                failed = not result.success and _MAY_FAIL not in tags
            yield {"ended": number, "count": count, "failed": failed, "outputs": outputs.taken()}
            if failed:
                return


@contextmanager
def _shell(outputs: Outputs) -> Iterator[Shell]:
    main = types.ModuleType("__main__")
    before = sys.modules.get("__main__")
    config = Config()
    config.HistoryManager.enabled = False
    Shell.clear_instance()
    shell: Shell = Shell.instance(config=config, user_module=main, user_ns=main.__dict__)
    shell.outputs = outputs
    shell.own = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    # What a kernel does when it ends, this shell does below.
    atexit.unregister(shell.atexit_operations)
    _show_figures(shell)
    try:
        yield shell
    finally:
        shell.atexit_operations()  # type: ignore[no-untyped-call]
        shell.restore_sys_module_state()  # type: ignore[no-untyped-call]
        Shell.clear_instance()
        if before is not None:
            sys.modules["__main__"] = before
        main.__dict__.clear()
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):
            sys.__dict__.pop(name, None)


def _show_figures(shell: Shell) -> None:
    """Show figures left open at the end of a cell below it, as a kernel does."""
    from matplotlib_inline.backend_inline import configure_inline_support

    # It sets up figures for the first shell only, and this is one of many.
    configure: Any = configure_inline_support
    configure.current_backend = "unset"
    configure(shell, INLINE)
