"""What users call: the event loop, connections, servers, names, signals, executors, ways in."""
