"""What the operating system offers, with no policy: clocks, system calls, addresses, errors."""
