"""The papermill engine: warm workers, isolated notebooks, papermill's usual errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from kejistats.run import engine
from kejistats.run.isolation import may_change_libraries
from tests.run.factory import write_notebook


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """Register the engine with papermill, whether or not this checkout is installed."""
    engine.register()
    yield
    for worker in engine.take_warm_workers():
        worker.kill()


def execute(folder: Path, *cells: str, **more: Any) -> nbformat.NotebookNode:
    """Run cells as a notebook with the engine."""
    source = write_notebook(folder / "source.ipynb", *cells)
    options = {"engine_name": "kejistats", "progress_bar": False, "cwd": folder} | more
    return papermill.execute_notebook(source, folder / "made.ipynb", **options)


def printed(nb: nbformat.NotebookNode) -> str:
    """Return what the cells printed."""
    outputs = [o for cell in nb.cells for o in cell.get("outputs", [])]
    return "".join(o.text for o in outputs if o.output_type == "stream")


def saved_error(folder: Path) -> str:
    """Return the error in the saved notebook."""
    content = json.loads((folder / "made.ipynb").read_text(encoding="utf-8"))
    [error] = [
        o for c in content["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"
    ]
    return f"{error['ename']}: {error['evalue']}"


PID = "import os\nprint(os.getpid())"

# A change made by a notebook, and a cell that prints the state changed: the next notebook must
# print the same as before.
STATES = {
    "a global": ("seen = 1", "print('seen' in globals())"),
    "a builtin": ("import builtins\nbuiltins.seen = 1", "import builtins\nprint(hasattr(builtins, 'seen'))"),
    "rcParams": (
        "import matplotlib as m\nm.rcParams['figure.dpi'] = 7",
        "import matplotlib as m\nprint(m.rcParams['figure.dpi'])",
    ),
    "an open figure": (
        "import matplotlib.pyplot as p\n%config InlineBackend.close_figures = False\np.figure()",
        "import matplotlib.pyplot as p\nprint(p.get_fignums())",
    ),
    "the backend": (
        "import matplotlib\nmatplotlib.use('svg')",
        "import matplotlib\nprint(matplotlib.get_backend())",
    ),
    "the environment": ("import os\nos.environ['SEEN'] = '1'", "import os\nprint(os.environ.get('SEEN'))"),
    "the folder": ("import os\nos.chdir('/')", "import os\nprint(os.getcwd() == '/')"),
    "warnings": (
        "import warnings\nwarnings.simplefilter('error')",
        "import warnings\nprint(warnings.filters[0][0] == 'error')",
    ),
    "chance": ("import random\nrandom.seed(5)", "import random\nprint(random.random())"),
    "numpy's chance": ("import numpy\nnumpy.random.seed(5)", "import numpy\nprint(numpy.random.rand())"),
    "the path": ("import sys\nsys.path.insert(0, 'x')", "import sys\nprint('x' in sys.path)"),
    "decimals": (
        "import decimal\ndecimal.getcontext().prec = 3",
        "import decimal\nprint(decimal.getcontext().prec)",
    ),
    "polars": (
        "import polars\npolars.Config.set_tbl_rows(1)",
        "import polars\nprint(polars.DataFrame({'a': [1, 2, 3]}))",
    ),
    "a library's function": ("import json\njson.dumps = len", "import json\nprint(json.dumps([1]))"),
    "a library's constant": ("import math\nmath.pi = 3", "import math\nprint(math.pi)"),
    "a class": (
        "import pathlib\npathlib.Path.exists = lambda self: 'seen'",
        "import pathlib\nprint(pathlib.Path('.').exists())",
    ),
    "a class of this package": (
        "from kejistats.brief import Brief\nBrief.title = 'seen'",
        "from kejistats.brief import Brief\nprint(isinstance(Brief.title, str))",
    ),
    "a library loaded by the notebook": (
        "import colorsys\ncolorsys.rgb_to_hsv = None",
        "import colorsys\nprint(colorsys.rgb_to_hsv is None)",
    ),
    "a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True, name='seen').start()",
        "import threading\nprint('seen' in [t.name for t in threading.enumerate()])",
    ),
    "the logger": (
        "import logging\nlogging.getLogger().setLevel(5)",
        "import logging\nprint(logging.getLogger().level)",
    ),
    "a magic": (
        "from IPython.core.magic import register_line_magic\nregister_line_magic(lambda line: 1)",
        "print('<lambda>' in get_ipython().magics_manager.magics['line'])",
    ),
    "a formatter": (
        "get_ipython().display_formatter.formatters['text/html'].for_type(int, str)",
        "print(int in get_ipython().display_formatter.formatters['text/html'].type_printers)",
    ),
}  # fmt: skip
IRREVERSIBLE = [
    "the backend",
    "a builtin", "a library's function", "a library's constant", "a class",
    "a class of this package", "a library loaded by the notebook", "a thread",
]  # fmt: skip


def test_restorable_state_does_not_leak_into_the_next_notebook(tmp_path: Path) -> None:
    states = [state for name, state in STATES.items() if name not in IRREVERSIBLE]
    looks = [look for _, look in states]

    before = printed(execute(tmp_path, *looks, PID)).splitlines()
    after = []
    for change, look in states:
        execute(tmp_path, change)
        after += printed(execute(tmp_path, look)).splitlines()

    # All were run by the same worker.
    pid = printed(execute(tmp_path, PID)).splitlines()
    assert [*after, *pid] == before


@pytest.mark.long
def test_a_change_that_cannot_be_undone_retires_the_worker(tmp_path: Path) -> None:
    # A new worker for each change takes seconds: two cases stand for all, tested one by one below.
    for name in ("a class of this package", "a library loaded by the notebook"):
        change, look = STATES[name]
        pid = printed(execute(tmp_path, change, PID))

        state, next_pid = printed(execute(tmp_path, look, PID)).splitlines()

        assert state == "False"
        assert next_pid != pid.strip()


@pytest.mark.long
@pytest.mark.parametrize("name", IRREVERSIBLE)
def test_each_change_that_cannot_be_undone_retires_the_worker(tmp_path: Path, name: str) -> None:
    change, look = STATES[name]
    before = printed(execute(tmp_path, look))
    execute(tmp_path, change)

    assert printed(execute(tmp_path, look)) == before


def test_errors_are_papermills_and_are_saved_in_the_notebook(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as failed:
        execute(tmp_path, "1 / 0", "print('never')")

    assert (failed.value.ename, failed.value.exec_count) == ("ZeroDivisionError", 2)
    assert saved_error(tmp_path) == "ZeroDivisionError: division by zero"


@pytest.mark.long
def test_exit_with_a_code_is_an_error_and_without_one_ends_the_notebook(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as failed:
        execute(tmp_path, "raise SystemExit(3)")
    assert (failed.value.ename, failed.value.evalue) == ("SystemExit", "3")
    assert saved_error(tmp_path) == "SystemExit: 3"

    assert printed(execute(tmp_path, "print(1)", "import sys\nsys.exit(0)", "print(2)")).startswith(
        "1\n"
    )


def test_a_cell_that_does_not_finish_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as failed:
        execute(tmp_path, "print('begun')", "while True:\n    pass", execution_timeout=1)

    assert (failed.value.ename, failed.value.cell_index) == ("CellTimeoutError", 2)
    assert saved_error(tmp_path) == "CellTimeoutError: the cell did not finish within 1 seconds"
    saved = nbformat.read(tmp_path / "made.ipynb", 4)
    assert "begun\n" in printed(saved)


def test_a_dead_worker_is_reported_and_replaced(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as failed:
        execute(tmp_path, "import os\nos._exit(7)")

    assert failed.value.ename == "DeadKernelError"
    assert saved_error(tmp_path) == "DeadKernelError: the worker process died (exit code 7)"
    assert printed(execute(tmp_path, "print(1)")) == "1\n"


@pytest.mark.long
def test_a_notebook_looks_as_if_a_kernel_had_run_it(tmp_path: Path) -> None:
    cells = (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('a')\nprint('b')",
        "from IPython.display import HTML, display\nhandle = display(HTML('1'), display_id=True)\n7",
        "handle.update(HTML('2'))\nimport sys\nprint('c', file=sys.stderr)",
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('kept');",
        "x = 5\nx;",
        "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
        "%%capture held\nprint('x')",
        "held.stdout, __name__, Out[3]",
    )  # fmt: skip

    by_worker = execute(tmp_path, *cells)
    by_kernel = execute(tmp_path, *cells, engine_name=None)

    def outputs(nb: nbformat.NotebookNode) -> list[Any]:
        return [[cell.execution_count, *map(dict, cell.outputs)] for cell in nb.cells]

    assert outputs(by_worker) == outputs(by_kernel)
    assert by_worker.metadata.language_info == by_kernel.metadata.language_info
    assert by_worker.cells[1].metadata.papermill.status == "completed"


@pytest.mark.long
def test_a_module_in_the_notebooks_folder_is_imported_anew_by_each_notebook(
    tmp_path: Path,
) -> None:
    values = []
    for value in (1, 2):
        (tmp_path / "beside.py").write_text(f"value = {value}\nkept = []\n", encoding="utf-8")
        values.append(printed(execute(tmp_path, "import beside\nprint(beside.value)")))

    assert values == ["1\n", "2\n"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import math\nx = math.pi", False),
        ("frame['a'] = 1", False),
        ("math.pi = 3", True),
        ("del math.pi", True),
        ("setattr(math, 'pi', 3)", True),
        ("import sys\nsys.modules['math'] = None", True),
        ("%run other.py", True),
        ("x: int = 1", False),
    ],
)
def test_cells_that_may_change_a_library_are_recognised(source: str, expected: bool) -> None:
    assert may_change_libraries(source) == expected


def test_stock_papermill_finds_it_by_its_name() -> None:
    from importlib.metadata import entry_points

    engines = {e.name: e.value for e in entry_points(group="papermill.engine")}
    if "kejistats" not in engines:
        pytest.skip("this checkout is not installed")

    assert engines["kejistats"] == "kejistats.run.engine:KejistatsEngine"
