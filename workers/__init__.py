"""The processes behind the log: seats owners, coordinators, the projector, the edges."""
