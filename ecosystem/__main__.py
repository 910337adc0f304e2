import sys

from ecosystem.command import main

sys.exit(main())
