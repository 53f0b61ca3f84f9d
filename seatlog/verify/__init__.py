"""An independent check of everything that was logged: `seatlog verify`.

Rules of this package:

1. It imports nothing of engine/ and workers/, and reads nothing they keep in memory: it folds
   the facts anew, naively, from what the schemas say they mean. Two readers of one contract that
   agree are evidence; one that checks itself is not.
2. It never stops at a fault: each one is named, with the place where it stands.
3. It is linear in the log. It keeps the state of the objects, and a command only until its
   result has come.
"""
