"""`seatlog api`, `worker`, `projector`: one process each, for a cluster's own supervisor."""

from seatlog.lifetime import run_process
from seatlog.processes.ingress import serve_http
from seatlog.processes.projector import project
from seatlog.processes.worker import work


def api() -> None:
    """Run one ingress: HTTP in, commands to Kafka, answers from the outbox."""
    run_process("api", serve_http, leashed=False)


def worker() -> None:
    """Run one worker: owns partitions of seats and of coordinators."""
    run_process("worker", work, leashed=False)


def projector() -> None:
    """Run the projector: outboxes to Postgres."""
    run_process("projector", project, leashed=False)
