module "service_catalogue" {
  source = "../../"

  services = {
    orders  = { owner = "shop", tier = "gold" }
    parcels = { owner = "logistics" }
  }
}

output "owners" {
  description = "Who owns a service."
  value       = module.service_catalogue.owners
}
