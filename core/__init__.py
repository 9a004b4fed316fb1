"""The kernel: what every other package stands on, and nothing that knows Terraform, GitHub or Claude."""
