"""Calls that reach out to what was recorded of them, and back."""

from pflow_testkit.cassettes.layers import Cassette, Miss, Privacy, Tape

__all__ = ["Cassette", "Miss", "Privacy", "Tape"]
