"""A case file to its cases, and all that is wrong with it."""

from pflow_testkit.cases.case_file import (
    DEFAULTS,
    SUFFIX,
    Case,
    InvalidCase,
    case_file_of,
    case_schema,
    load_cases,
    stem_of,
)

__all__ = ["DEFAULTS", "SUFFIX", "Case", "InvalidCase", "case_file_of", "case_schema", "load_cases", "stem_of"]
