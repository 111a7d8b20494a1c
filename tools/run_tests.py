"""The whole suite in parallel: first everything that needs no browser, then the browser tests. On two cores the 214 of
these took 379 s in two browsers, and in one were half done after 250.

Arguments go to pytest, which then runs once. With CI set, a missing browser is a failure.
"""

import os
import subprocess
import sys

from tools import browser


def pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def main(arguments: list[str]) -> int:
    if arguments:
        return pytest(*arguments)
    has_browser = browser.ensure()
    if not has_browser and os.environ.get("CI"):
        return 1
    status = pytest("-q", "-n", "auto", "--dist", "worksteal", "-m", "not browser")
    if status == 0 and has_browser:
        status = pytest("-q", "-n", "auto", "-m", "browser")
    if not has_browser:
        browser.ensure()  # say it again where it is read, at the end
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
