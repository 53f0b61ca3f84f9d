"""The composition roots: what each process is made of, one module a process.

Rules of this folder:

1. Here the parts are put together; nothing here decides anything.
2. Each module runs by itself (`python -m seatlog.processes.worker`) and imports what its process
   needs and no more: a worker that was killed must be back within a second.
"""
