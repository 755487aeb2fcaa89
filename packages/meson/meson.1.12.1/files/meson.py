"""Runs the meson that lies beside this file, as meson's source tree does.

Meson starts itself again from build rules by the path of this script, so it must not depend
on PYTHONPATH.
"""

import sys

# Started again it lacks the -B of the command: what it compiled would be part of what is built.
sys.dont_write_bytecode = True

from mesonbuild.mesonmain import main  # noqa: E402

sys.exit(main())
