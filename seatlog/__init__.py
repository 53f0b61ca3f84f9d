"""The program: command line, settings, wiring, supervision, local servers, verification."""
