"""Everything that speaks to Kafka: the only place that imports its client."""
