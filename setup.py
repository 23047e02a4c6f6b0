"""What pyproject.toml cannot say: the results, which lie beside the package in the
sources, are in it where it is installed."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithResults(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            shutil.copytree(
                "results",
                Path(self.build_lib, "semlib", "results"),
                ignore=shutil.ignore_patterns("*.jsonl"),
                dirs_exist_ok=True,
            )


setup(cmdclass={"build_py": WithResults})
