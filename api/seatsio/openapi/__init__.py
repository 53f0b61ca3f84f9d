"""The OpenAPI document of the dialect: what it takes and what it answers, for people and tools."""
