"""The command line and the ini file to what a session is asked for.

Loaded in every pytest run of everyone who has this installed, hence apart from what it is for: what is heavy is
imported only to say what is wrong.
"""

from pflow_testkit.options.session import (
    CASSETTES,
    FOLDERS,
    HOST,
    KEY,
    OBSERVERS,
    STOPPED,
    TRACES,
    WATCHERS,
    Mode,
    Observer,
    Options,
    Redact,
    again_command,
    rerun_command,
)

__all__ = [
    "CASSETTES",
    "FOLDERS",
    "HOST",
    "KEY",
    "OBSERVERS",
    "STOPPED",
    "TRACES",
    "WATCHERS",
    "Mode",
    "Observer",
    "Options",
    "Redact",
    "again_command",
    "rerun_command",
]
