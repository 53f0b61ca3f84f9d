"""Postgres: accounts, charts and the read model. The only importer of asyncpg."""
