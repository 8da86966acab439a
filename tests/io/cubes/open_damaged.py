"""A process that opens one file after the other and says what came of each.

HDF5's own library may crash or never return on a damaged file; then only this process is lost.
"""

import sys
import traceback
import warnings

from skxrf.exceptions import SkxrfError
from skxrf.io import open_cube


def outcome(path):
    """What opening and reading a file gives, in a line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            cube = open_cube(path)
            if cube.size < 10**7:
                cube.compute(scheduler="synchronous")
    except SkxrfError as error:
        return f"refused {type(error).__name__}"
    except BaseException:  # noqa: BLE001 - what else there may be is what is looked for
        return f"foreign {traceback.format_exc()!r}"
    return "cube"


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        print(outcome(line.rstrip("\n")), flush=True)
