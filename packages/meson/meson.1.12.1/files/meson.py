"""Runs the meson that lies beside this file, as meson's source tree does.

Meson starts itself again from build rules by the path of this script, so it must not depend
on PYTHONPATH.
"""

import sys

from mesonbuild.mesonmain import main

sys.exit(main())
