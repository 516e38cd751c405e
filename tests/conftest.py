"""Fixtures and settings for all tests."""

from __future__ import annotations

import gc
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kejistats.api import Desk
    from kejistats.brief import Brief
    from tests.cli.factory import RunCommand
    from tests.pages.factory import Made
    from tests.publish.factory import MailServer

# Collecting and running thousands of tests makes millions of objects that live on; looking for
# garbage among them again and again took a tenth of the time.
gc.set_threshold(200_000, 100, 1000)

# No deadlines: on a slow machine, a property test must fail only for what it finds.
settings.register_profile(
    "kejistats",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("kejistats")

T = TypeVar("T")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """Return what the first of all test processes has made; nobody may change it.

    `make` is called with a new folder; its result is passed to the other processes as a pickle.
    """
    process_folder = factory.getbasetemp()
    run_folder = process_folder.parent if "PYTEST_XDIST_WORKER" in os.environ else process_folder
    pickled = run_folder / f"{name}.pickle"
    with FileLock(run_folder / f"{name}.lock"):
        if not pickled.exists():
            pickled.write_bytes(pickle.dumps(make(factory.mktemp(name))))
    result: T = pickle.loads(pickled.read_bytes())
    return result


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Run the command line in this process: ``run(folder, *arguments)``."""
    from tests.cli.factory import command_runner

    return command_runner(monkeypatch, capsys)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A data set of three districts with an empty inbox."""
    from tests.factory import make_dataset

    return make_dataset(tmp_path / "city")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demo city and the provinces, both ingested; no test changes it."""
    from tests.workspaces import make_workspace

    return once(
        tmp_path_factory, "workspace", lambda root: make_workspace(root, "demo-city", "provinces")
    )


@pytest.fixture(scope="session")
def demo(workspace: Path) -> Desk:
    """The demo city."""
    from kejistats.api import Desk

    return Desk(workspace / "data" / "demo-city")


@pytest.fixture(scope="session")
def provinces(workspace: Path) -> Desk:
    """The provinces."""
    from kejistats.api import Desk

    return Desk(workspace / "data" / "provinces")


@pytest.fixture(scope="session")
def all_briefs(
    demo: Desk, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Brief]:
    """The briefs of every district of the demo city, by code and checkpoint."""
    from tests.pages.factory import make_briefs

    return once(tmp_path_factory, "briefs", lambda _: make_briefs(demo))


@pytest.fixture(scope="session")
def made(demo: Desk, provinces: Desk, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Pages of three districts of the demo city, of two provinces, and both overviews."""
    from tests.pages.factory import make_pages

    return once(tmp_path_factory, "out", lambda out: make_pages(demo, provinces, out))


@pytest.fixture(scope="session")
def final_city(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demo city, finalised; no test changes it."""
    from tests.publish.factory import make_final

    return once(tmp_path_factory, "final", lambda root: make_final(workspace, root))


@pytest.fixture(scope="session")
def small_final(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finalised city of two districts; no test changes it."""
    from tests.publish.factory import make_small

    return once(tmp_path_factory, "small", make_small)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server in a separate process."""
    from tests.publish.factory import mail_server

    with mail_server(tmp_path_factory.mktemp("server")) as running:
        yield running
