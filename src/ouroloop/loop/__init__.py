"""The loop's core: handles, the ready queue, timers, and the iteration that runs them."""
