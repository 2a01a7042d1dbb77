"""The zoo as a package that tests and the benchmark import alike."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
