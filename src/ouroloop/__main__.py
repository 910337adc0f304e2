"""`python -m ouroloop`, the same as the command `ouroloop`."""

from __future__ import annotations

import sys

from ouroloop.cli import main

sys.exit(main())
