#!/usr/bin/env bash
# Judges one folder: annotations into the log, a table into the job's summary, SARIF into a file, the verdict as output.
set -uo pipefail
terrasmith="$PLACE/venv/bin/terrasmith"
report="$PLACE/report"
# What an earlier step of the same job left there must not be taken for this one.
rm -rf "$report"
mkdir -p "$report"

if [ -z "$TERRASMITH_URL" ]; then unset TERRASMITH_URL TERRASMITH_TOKEN; fi

# What is printed quotes the module. Between these two lines the runner takes none of it for a command.
guard=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$guard"
"$terrasmith" check --profile "$PROFILE" --every \
    --output "github=$report/commands.txt" --output "markdown=$report/summary.md" --output "sarif=$report/report.sarif" \
    -- "$DIRECTORY"
code=$?
echo "::$guard::"

case $code in
0) verdict=passed ;;
1) verdict=refused ;;
*) verdict=undecided ;;
esac
if [ -f "$report/commands.txt" ]; then cat "$report/commands.txt"; fi
if [ -f "$report/summary.md" ]; then cat "$report/summary.md" >> "$GITHUB_STEP_SUMMARY"; fi
{
    echo "verdict=$verdict"
    if [ -f "$report/report.sarif" ]; then echo "sarif=$report/report.sarif"; fi
} >> "$GITHUB_OUTPUT"

if [ "$verdict" = undecided ] && [ "$ALLOW_UNDECIDED" = true ] && [ -f "$report/report.sarif" ]; then
    echo "::warning title=terrasmith::Nobody could judge the module; allow-undecided lets the job go on."
    exit 0
fi
exit "$code"
