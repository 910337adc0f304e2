"""What runs in the measured processes: the same program for every loop, which only its name on the command line picks."""
