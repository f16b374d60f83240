"""Build the documentation site: HTML, both languages, without a network.

    python tools/documentation.py              into build/site; open build/site/index.html
    python tools/documentation.py FOLDER       into another folder
    python tools/documentation.py --external   try every link to elsewhere; that needs a network

Every warning is an error: a link or an anchor that leads nowhere, a page that no list names.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# where each language's pages are, and where they go
LANGUAGES = {"en": (DOCS, Path()), "ja": (DOCS / "ja", Path("ja"))}
SPHINX = """
import gc, sys
from sphinx.cmd.build import main

# the trees of all pages stay till the end: to look for garbage among them takes a third of the time
gc.disable()
sys.exit(main(sys.argv[1:]))
"""


def building(language: str, builder: str, out: Path) -> subprocess.Popen[bytes]:
    """Start Sphinx for one language; each takes a processor of its own.

    Args:
        language: `en` or `ja`.
        builder: Sphinx's builder, `html` or `linkcheck`.
        out: the folder of the whole site.
    """
    pages, below = LANGUAGES[language]
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--fresh-env"]
    doctrees = out.with_name(f"{out.name}-{builder}-doctrees") / language
    command = [sys.executable, "-c", SPHINX, *strict, "--builder", builder]
    command += ["--conf-dir", str(DOCS), "--doctree-dir", str(doctrees)]
    command += ["--define", f"language={language}", str(pages), str(out / below)]
    return subprocess.Popen(command)


def main(arguments: list[str]) -> int:
    """Build, or try the links to elsewhere; exit with 1 if anything is wrong."""
    external = "--external" in arguments
    folders = [each for each in arguments if each != "--external"]
    out = Path(*folders[:1]) if folders else ROOT / "build" / ("links" if external else "site")
    kind = "linkcheck" if external else "html"
    started = [building(language, kind, out) for language in LANGUAGES]
    codes = [each.wait() for each in started]
    if any(codes):
        return 1
    print(f"documentation: {out / ('output.txt' if external else 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
