"""What can be tested where: a program with a terminal of its own needs a pseudo-terminal."""

import sys

collect_ignore = ["test_tools.py"] if sys.platform == "win32" else []
