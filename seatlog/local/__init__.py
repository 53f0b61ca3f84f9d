"""A real broker and a real database on this machine, out of wheels, as child processes."""
