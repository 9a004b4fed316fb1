run "plan" {
  command = plan

  assert {
    condition     = output.environ == "never"
    error_message = "environment: ${output.environ}"
  }
}
