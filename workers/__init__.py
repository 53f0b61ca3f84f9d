"""The processes behind the log: seats owners, coordinators and the projector."""
