"""Several nodes of Apache Kafka on this machine, each with a copy of every record.

With three of them any one may die and nothing that was acknowledged is lost: the records of a
topic with three copies are acknowledged when two nodes have them. Everything blocks, as in
kafka.py.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapters.kafka.admin import BrokerError, wait_until_ready
from seatlog.local import ports
from seatlog.local.failure import LocalServerError
from seatlog.local.kafka import LocalKafka, Quorum, new_cluster_id

heap_mb = 384
"""Of each node."""


class LocalKafkaCluster:
    """Nodes 1 to n; a cluster of one is a node alone."""

    def __init__(self, data: Path, nodes: int) -> None:
        controllers = [ports.free_port() for _ in range(nodes)]
        quorum = Quorum(new_cluster_id(), controllers) if nodes > 1 else None
        self.nodes = {
            node: LocalKafka(data / f"node-{node}", heap_mb=heap_mb, node=node, quorum=quorum)
            for node in range(1, nodes + 1)
        }

    @property
    def bootstrap(self) -> str:
        """Address of all nodes."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def start(self) -> str:
        """Start all nodes and wait until each sees all; gives their address."""
        for node in self.nodes.values():
            node.start()
        for node in self.nodes.values():
            node.wait_ready()
        try:
            with ThreadPoolExecutor(1) as thread:
                seen = wait_until_ready(self.bootstrap, brokers=len(self.nodes))
                thread.submit(asyncio.run, seen).result()
        except BrokerError as error:
            raise LocalServerError(str(error)) from error
        return self.bootstrap

    def stop(self) -> None:
        """Stop all nodes at once: one by one, the last could not hand over what it leads."""
        with ThreadPoolExecutor(len(self.nodes)) as threads:
            for stopped in [threads.submit(node.stop) for node in self.nodes.values()]:
                stopped.result()
