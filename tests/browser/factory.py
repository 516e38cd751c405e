"""Chromium for the browser tests: where it is, the fixture, screen sizes and scripts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pylopdf_fonts_zh_cn import sans_path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((path for name in PROGRAMS if (path := shutil.which(name))), None)

CHROMIUM_TESTS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(PROGRAMS)} was found"),
]

ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "screen": (1280, 900)}
# Each size and each scheme once; the other combinations are left to the long tests.
LOOKS = [
    ("phone", "light"),
    ("screen", "dark"),
    pytest.param("phone", "dark", marks=pytest.mark.long),
    pytest.param("screen", "light", marks=pytest.mark.long),
]

# Script: the texts of the selected elements that are wider than the element.
OVERFLOWING = """
selector => [...document.querySelectorAll(selector)]
  .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.trim())
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with the packaged Chinese font only."""
    folder = tmp_path_factory.mktemp("fonts")
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{Path(sans_path()).parent}</dir><cachedir>{folder / 'cache'}</cachedir>"
        "</fontconfig>",
        encoding="utf-8",
    )
    # Chromium refuses to run its sandbox as root.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, *(["--no-sandbox"] if as_root else [])],
            env={**os.environ, "FONTCONFIG_FILE": str(config), "HOME": str(folder)},
        )
        yield browser
        browser.close()
