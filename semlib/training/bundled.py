"""Trains the recipe of this bundle: python train.py --help

It needs PyTorch, NumPy, Pillow, OpenCV and SciPy; all else lies beside it.
"""

import json
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDED = {
    "torch": "PyTorch",
    "numpy": "NumPy",
    "PIL": "Pillow",
    "cv2": "OpenCV",
    "scipy": "SciPy",
}


def unfit(made_for):
    """Why this machine cannot use the bundle; empty if it can."""
    here = [platform.system(), platform.machine()]
    if here != made_for["platform"]:
        return "the bundle is for {} {}, this is {} {}".format(
            *made_for["platform"], *here
        )
    python = list(sys.version_info[:2])
    oldest = made_for["python"]
    if python < oldest or (made_for["this_python_only"] and python != oldest):
        return "the bundle is for Python {}.{}{}, this is {}.{}".format(
            *oldest, "" if made_for["this_python_only"] else " or later", *python
        )
    missing = [what for name, what in NEEDED.items() if find_spec(name) is None]
    return "this Python lacks " + ", ".join(missing) if missing else ""


def main():
    """Train as the command line says; the exit status."""
    bundle = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
    why = unfit(bundle["made_for"])
    if why:
        print("train.py: " + why, file=sys.stderr)
        return 2
    sys.path.insert(0, str(HERE / "packages"))
    from semlib.training import alone  # type: ignore[import-not-found, unused-ignore]

    return alone.main(bundle["recipe"], sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
