module "network" {
  source = "../../"

  name       = "example"
  cidr_block = "10.20.0.0/16"
  zone_count = 2

  public_subnets = true
  nat_gateways   = "per_zone"

  flow_logs                = true
  flow_logs_retention_days = 30

  public_subnet_tags  = { Tier = "public" }
  private_subnet_tags = { Tier = "private" }

  tags = {
    Environment = "example"
  }
}

output "private_subnet_ids" {
  description = "Where workloads go."
  value       = module.network.private_subnet_ids
}
