"""Which function answers which command."""

from __future__ import annotations

from tests.reftests.changing import install, reinstall, remove, upgrade
from tests.reftests.commands import Handler, skipped
from tests.reftests.linting import lint
from tests.reftests.listing import listing
from tests.reftests.pinning import pin
from tests.reftests.repositories import initialise, repository, update
from tests.reftests.switches import switch
from tests.reftests.trees import tree
from tests.reftests.values import show, variable
from tests.reftests.verdict import Reason

HANDLERS: dict[str, Handler] = {
    "install": install,
    "upgrade": upgrade,
    "reinstall": reinstall,
    "remove": remove,
    "uninstall": remove,
    "pin": pin,
    "unpin": pin,
    "switch": switch,
    "repository": repository,
    "repo": repository,
    "update": update,
    "init": initialise,
    "list": listing,
    "show": show,
    "info": show,
    "tree": tree,
    "lint": lint,
    "var": variable,
    **{
        name: skipped(Reason.OWN_STATE)
        for name in ("option", "config", "env", "exec", "clean", "--version", "root", "cache", "lock")
    },
    **{name: skipped(Reason.NO_COMMAND) for name in ("source", "admin", "download", "file", "import", "export")},
}
