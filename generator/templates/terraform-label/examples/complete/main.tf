module "label" {
  source = "../../"

  namespace   = "acme"
  environment = "prod"
  name        = "orders"
  attributes  = ["public", "blue"]
  max_length  = 32

  tags = {
    CostCentre = "1234"
  }
}

output "id" {
  description = "The name to use."
  value       = module.label.id
}

output "tags" {
  description = "The tags to use."
  value       = module.label.tags
}
