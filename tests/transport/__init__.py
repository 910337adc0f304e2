"""Stream transports, servers and the promises they keep."""
