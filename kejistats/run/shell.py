"""Run a notebook's cells in this process, in a new IPython shell for each notebook."""

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
        """Keep the result in all its MIME types."""
        self.shell.outputs.show(
            "execute_result", format_dict, md_dict or {}, execution_count=self.prompt_count
        )

    def finish_displayhook(self) -> None:
        """Print nothing after the result: a notebook may have closed its standard output."""
        self._is_active = False

    def log_output(self, format_dict: Any) -> None:
        """Keep no history."""


class _Publisher(DisplayPublisher):
    """Keeps the outputs of ``display``."""

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
        """Keep a display, or update a named one."""
        name = (transient or {}).get("display_id")
        if update and name:
            self.shell.outputs.update(name, data, metadata or {})
        elif not update:
            self.shell.outputs.show("display_data", data, metadata or {}, name=name)

    def clear_output(self, wait: bool = False) -> None:
        """Clear the cell's outputs."""
        self.shell.outputs.clear(wait=wait)


class Shell(InteractiveShell):
    """The shell of one notebook, without history or terminal."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs: Outputs
    cell_streams: tuple[Any, Any]

    @contextmanager
    def streams(self) -> Iterator[None]:
        """Send standard output and error to the notebook, or to where a cell redirected them."""
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self.cell_streams
        try:
            yield
        finally:
            self.cell_streams = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = before

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.error(etype.__name__, str(evalue), list(stb))

    @contextmanager
    def _tee(self, channel: str) -> Iterator[None]:  # noqa: ARG002 - IPython's interface
        """Keep no copy of printed text for the history, which is not used."""
        yield

    def enable_gui(self, gui: Any = None) -> None:
        """Ignore requests for an event loop: nothing here is interactive."""


def run(cells: Sequence[tuple[str, list[str]]]) -> Iterator[Message]:
    """Run a notebook's cells in a namespace of their own.

    Parameters
    ----------
    cells
        Source and tags of each cell; the source is empty if it is not a code cell.

    Yields
    ------
    dict
        ``{"begun": cell}`` and ``{"ended": cell, "count": …, "failed": …, "outputs": …}``. Cells
        are counted from 0; outputs are given by cell and include those of earlier cells that this
        one changed. After an error no further cell is run.

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
            yield {
                "ended": number,
                "count": count,
                "failed": failed,
                "outputs": outputs.take_touched(),
            }
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
    shell.cell_streams = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    # Run below when the notebook ends, not when the process does.
    atexit.unregister(shell.atexit_operations)
    _configure_figures(shell)
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


def _configure_figures(shell: Shell) -> None:
    """Display figures still open at the end of a cell, as a kernel does."""
    from matplotlib_inline.backend_inline import configure_inline_support

    # It configures only the first shell unless the backend seems to be unset.
    configure: Any = configure_inline_support
    configure.current_backend = "unset"
    configure(shell, INLINE)
