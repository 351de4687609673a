"""A Cloud Tasks on a free loopback port: the servicer of `gcloud-tasks-emulator` (PyPI) in a process of its own.

Its own command listens on every interface, so this module starts the same servicer on the loopback alone (`python -m
evals.servers.cloudtasks PORT`). The package asks for a protobuf older than Google's client does, and runs with the
newer one: it is installed without its dependencies.
"""

from __future__ import annotations

import importlib.util
import socket
import sys
import tempfile
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

from evals.servers import ServerMissing
from evals.servers.process import ProcessServer, free_ports

START_S = 20.0
PROJECT, LOCATION = "demo-project", "europe-west1"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
ROOT = Path(__file__).resolve().parents[2]


class CloudTasksServer(ProcessServer):
    """`with CloudTasksServer() as server:` one running server without queues.

    Attributes:
        url: of a target, with the endpoint. endpoint: of the gRPC API. parent: resource name of the location.
    """

    NAME = "the emulator"
    TRIES = 2

    parent = PARENT

    @property
    def endpoint(self) -> str:
        """Of the gRPC API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Of a target."""
        return f"cloudtasks://{PROJECT}/{LOCATION}?endpoint_url={self.endpoint}"

    def client(self) -> Any:
        """A client of Google's SDK; close it with `client.transport.close()`."""
        import grpc
        from google.cloud import tasks_v2
        from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    def _start(self) -> None:
        if importlib.util.find_spec("gcloud_tasks_emulator") is None:
            raise ServerMissing("the emulator is not installed: pip install --no-deps gcloud-tasks-emulator==0.6.2")
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-cloudtasks-"))
        (self.port,) = free_ports(1)
        self._run([sys.executable, "-m", "evals.servers.cloudtasks", str(self.port)], cwd=ROOT)
        self._wait(self._listens, START_S)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def serve(port: int) -> None:
    """Serves until the process is ended; exits with an error when the port is taken."""
    import grpc
    from gcloud_tasks_emulator.cloudtasks_pb2_grpc import add_CloudTasksServicer_to_server
    from gcloud_tasks_emulator.server import Greeter, Processor, QueueState

    state = QueueState("localhost", 1, -1)  # nobody listens on port 1: App Engine tasks without a host fail
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
    add_CloudTasksServicer_to_server(Greeter(state), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    Processor(state).start()
    threading.Event().wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
