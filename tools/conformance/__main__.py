"""`python -m tools.conformance`, from the project's folder."""

from __future__ import annotations

import sys

from .command import main

sys.exit(main())
