"""An HTTP server that answers as AWS does, or as AWS never would: what moto does not play.

Both services speak JSON 1.0 with boto3 1.44 and name an error in `x-amzn-query-error` and `x-amzn-errortype`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Behaviour = Callable[[str, dict[str, Any]], Answer | None]
JSON = {"Content-Type": "application/x-amz-json-1.0"}
COUNTS = {
    "ApproximateNumberOfMessages": "7",
    "ApproximateNumberOfMessagesNotVisible": "2",
    "ApproximateNumberOfMessagesDelayed": "1",
}


def ok(document: Any) -> Answer:
    return 200, JSON, json.dumps(document).encode()


def refusal(code: str, message: str = "no", status: int = 400) -> Answer:
    headers = JSON | {"x-amzn-errortype": code, "x-amzn-query-error": f"{code};Sender"}
    return status, headers, json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode()


class FakeAws:
    """`behave(operation, parameters)` gives status, headers and body; None closes the connection without an answer.

    Attributes:
        queues: names in the list, for the default behaviour: three counts each, and no CloudWatch.
        seen: operations in the order they came. secrets: the Authorization headers.
    """

    def __init__(self) -> None:
        self.queues = ["mail"]
        self.behave: Behaviour = lambda operation, parameters: self.usual(operation, parameters)
        self.seen: list[str] = []
        self.release = threading.Event()

    def usual(self, operation: str, parameters: dict[str, Any]) -> Answer:
        if operation == "ListQueues":
            start, size = int(parameters.get("NextToken", 0)), parameters.get("MaxResults", 1_000)
            more = {"NextToken": str(start + size)} if start + size < len(self.queues) else {}
            return ok({"QueueUrls": [f"{self.endpoint}/1/{n}" for n in self.queues[start : start + size]], **more})
        if operation == "GetQueueAttributes":
            name = parameters["QueueUrl"].rpartition("/")[2]
            return ok({"Attributes": {"QueueArn": f"arn:aws:sqs:eu-central-1:1:{name}", **COUNTS}})
        return refusal("AccessDenied", "not authorized to perform: cloudwatch:GetMetricData", 403)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"sqs://AKIDEXAMPLE:${{SECRET}}@eu-central-1?endpoint_url={self.endpoint}"

    def __enter__(self) -> FakeAws:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(fake: FakeAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target", "")
            operation = target.rpartition(".")[2] or self.path.rpartition("/")[2]
            fake.seen.append(operation)
            answer = fake.behave(operation, json.loads(body) if target else {})
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            if headers.get("Content-Length", str(len(content))) != str(len(content)):
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            pass

    return Handler
