"""The group explorer: every scenario of the group model, and every mistake.

`python -m tests.models.groups` runs all of them; with `--full`, the second also with deadlines.
"""

import sys

from tests.models.explorer import main
from tests.models.groups_mistakes import COVERED, MISTAKES
from tests.models.groups_scenarios import SAFE

if __name__ == "__main__":
    sys.exit(main("tests.models.groups", __doc__, SAFE + COVERED + MISTAKES))
