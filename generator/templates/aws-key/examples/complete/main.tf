# A multi-region key that is rotated twice a year, governed by one role, and used by another, an account and log groups.

module "key" {
  source = "../../"

  name        = "acme/orders"
  description = "Encrypts what is stored of orders."

  key_spec             = "SYMMETRIC_DEFAULT"
  key_usage            = "ENCRYPT_DECRYPT"
  rotation             = true
  rotation_days        = 180
  multi_region         = true
  deletion_window_days = 30

  administrator_arns = ["arn:aws:iam::123456789012:role/security"]
  user_arns          = ["arn:aws:iam::123456789012:role/orders", "arn:aws:iam::210987654321:root"]
  services           = ["logs.amazonaws.com", "cloudwatch.amazonaws.com"]

  tags = {
    Environment = "example"
  }
}

output "arn" {
  description = "The ARN of the key."
  value       = module.key.arn
}

output "alias_name" {
  description = "The alias of the key."
  value       = module.key.alias_name
}
