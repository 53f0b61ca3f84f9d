"""The wire contract: what is written to Kafka and read from it; imports nothing of ours."""
