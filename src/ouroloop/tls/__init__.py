"""TLS: a machine that does no I/O, and the transport that runs it over another transport."""
