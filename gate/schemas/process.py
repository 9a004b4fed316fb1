"""A provider that knows its schema and nothing else, as a process: `python process.py FILE`.

Answers GetProviderSchema with the file's bytes, finds nothing wrong with any configuration, and can do nothing more:
Terraform itself holds the module against the schema. Needs nothing of ours; prints where it listens as a provider in
debug mode does.
"""

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

_EMPTY = (
    "ValidateProviderConfig",
    "ValidateResourceConfig",
    "ValidateDataResourceConfig",
    "ValidateEphemeralResourceConfig",
    "StopProvider",
)


class _Answers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc carries no types
    def __init__(self, schema: bytes) -> None:
        self._answers = {f"/tfplugin6.Provider/{name}": b"" for name in _EMPTY}
        self._answers["/tfplugin6.Provider/GetProviderSchema"] = schema

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        answer = self._answers.get(handler_call_details.method)
        if answer is None:
            return None  # "unimplemented", which Terraform expects of what came in later versions
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)


def serve(schema: bytes) -> None:
    """Until it is killed."""
    server = grpc.server(
        ThreadPoolExecutor(4),
        handlers=[_Answers(schema)],
        options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
    )
    path = f"{tempfile.gettempdir()}/plugin-{os.getpid()}"
    server.add_insecure_port(f"unix:{path}")
    server.start()
    address = {"Network": "unix", "String": path}
    attach = {"schema": {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}}
    sys.stdout.write(f"TF_REATTACH_PROVIDERS='{json.dumps(attach)}'\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(Path(sys.argv[1]).read_bytes())
