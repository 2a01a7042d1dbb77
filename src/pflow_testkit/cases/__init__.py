"""A case file to its cases, and all that is wrong with it."""

from pflow_testkit.cases.case_file import (
    DEFAULTS,
    SUFFIX,
    Case,
    InvalidCase,
    case_file_of,
    case_schema,
    cases_in,
    load_case_file,
    load_cases,
    stem_of,
)

__all__ = [
    "DEFAULTS",
    "SUFFIX",
    "Case",
    "InvalidCase",
    "case_file_of",
    "case_schema",
    "cases_in",
    "load_case_file",
    "load_cases",
    "stem_of",
]
