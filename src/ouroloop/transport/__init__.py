"""Stream transports over sockets, their write queue, and the listener that accepts them."""
