# SPDX-License-Identifier: Apache-2.0
"""``python -m ugr`` is the command ``ugr``."""

import sys

from ugr.cli import main

sys.exit(main())
