"""What runs in the measured processes: one program for all loops, told by its command line which to take."""
