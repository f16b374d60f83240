"""Where the tests find a browser, and what they say where there is none.

Debian's Chromium, which `start.py test` installs where it may; `SEKISHO_CHROMIUM` names another.
"""

import os
import shutil

import pytest

CHROMIUM = (
    os.environ.get("SEKISHO_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("google-chrome")
    or ""
)
HOW = (
    "no Chromium: `apt-get install chromium fonts-noto-cjk` as root, or name one with "
    "SEKISHO_CHROMIUM"
)
FLAGS = (
    # tests run as root in containers, where Chromium has no sandbox
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

NO_SCREEN = ("--disable-gpu", "--in-process-gpu")
"""No process of its own draws what nobody looks at: a third of what a page costs."""

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason=HOW)
