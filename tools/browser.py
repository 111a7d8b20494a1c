"""Find headless Chromium and a Chinese font; install what is missing where that can be done.

python -m tools.browser        prints the browser's path, or says loudly that browser tests will not run
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/Library/Fonts",
)
FONT_HINTS = ("cjk", "notosanssc", "sourcehansans", "wqy", "pingfang", "msyh")
# no sandbox for root; none of the connections that a browser makes by itself
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
)
DEBIAN_PACKAGES = {"browser": "chromium", "font": "fonts-noto-cjk"}


def find_chromium() -> str | None:
    """The path of Chromium: CHROMIUM in the environment and no other, a browser on the PATH, or Playwright's newest."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    for name in NAMES:
        if found := shutil.which(name):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    installed = cache.glob("chromium-*/chrome-*/chrome")
    return str(max(installed, key=_revision, default="")) or None


def _revision(path: Path) -> tuple[int, str]:
    number = path.parents[1].name.removeprefix("chromium-")
    return int(number) if number.isdigit() else 0, str(path)


def has_chinese_font() -> bool:
    """Whether any font of the usual folders can show Chinese."""
    for folder in FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("*"):
            if path.suffix.lower() in {".ttf", ".ttc", ".otf"} and any(
                hint in path.name.lower().replace("-", "") for hint in FONT_HINTS
            ):
                return True
    return False


def missing() -> list[str]:
    return [name for name, there in (("browser", find_chromium()), ("font", has_chinese_font())) if not there]


def install(needed: list[str]) -> None:
    """By apt as root, otherwise by Playwright's own installer (browser only)."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-q"], check=False, **quiet)
        subprocess.run(
            [
                "apt-get",
                "install",
                "-y",
                "-q",
                "--no-install-recommends",
                *(DEBIAN_PACKAGES[name] for name in needed),
            ],
            check=False,
            **quiet,
        )
    elif "browser" in needed:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def ensure() -> bool:
    """Install what is missing. False, with a loud message, where browser tests cannot run."""
    if needed := missing():
        print(f"Browser tests need: {', '.join(needed)}. Installing …", flush=True)
        install(needed)
    if needed := missing():
        line = "!" * 78
        print(
            f"{line}\nBROWSER TESTS WILL NOT RUN: no {' and no '.join(needed)} found, and none could be installed.\n"
            f"Install {' and '.join(DEBIAN_PACKAGES[name] for name in needed)}, or set CHROMIUM to a browser.\n{line}",
            file=sys.stderr,
            flush=True,
        )
        return False
    return True


if __name__ == "__main__":
    if not ensure():
        sys.exit(1)
    print(find_chromium())
