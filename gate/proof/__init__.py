"""How large a step a new version must make: what its interface says, and what a real Terraform plans for its users."""
