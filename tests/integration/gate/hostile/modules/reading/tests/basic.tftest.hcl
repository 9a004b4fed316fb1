run "plan" {
  command = plan

  assert {
    condition     = output.seen == "never"
    error_message = "seen: ${output.seen}"
  }
}
