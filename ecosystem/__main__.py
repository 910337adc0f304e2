import signal
import sys

from ecosystem.command import main

# Servers are stopped also when a time limit ends this.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
sys.exit(main())
