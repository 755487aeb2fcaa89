"""Whether there is any state that meets a request, without a search for the best one or for a reason why not.

Importing this module imports clingo.
"""

from __future__ import annotations

from xpkg.solver.clauses import encode
from xpkg.solver.exploration import explore
from xpkg.solver.model import Request
from xpkg.solver.protocol import Context
from xpkg.solver.trial import Trial

_BOUND_S = 20.0


def feasible(request: Request, context: Context) -> bool:
    """Whether a request can be met; false also when that is not known after some seconds.

    NotFoundError as ``solve``.
    """
    problem = explore(request, context)
    return Trial(problem, encode(problem), _BOUND_S).state(()) is not None
