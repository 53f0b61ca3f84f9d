"""Reports: what is on a chart, and what has become of it in an event."""
