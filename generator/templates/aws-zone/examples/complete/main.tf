# A signed and logged public zone whose site fails over to a second region.

provider "aws" {
  region = "us-east-1"
}

module "zone" {
  source = "../../"

  name    = "example.org"
  comment = "The public names of the example"

  vpcs                     = {}
  dnssec                   = true
  query_logging            = true
  query_log_retention_days = 90
  force_destroy            = false

  health_checks = {
    main = {
      fqdn              = "main.example.net"
      path              = "/healthy"
      failure_threshold = 2
      interval_seconds  = 10
    }
  }

  records = {
    mail = {
      type   = "MX"
      ttl    = 3600
      values = ["10 mail.example.net"]
    }
    www_main = {
      name         = "www"
      type         = "CNAME"
      values       = ["main.example.net"]
      failover     = "PRIMARY"
      health_check = "main"
    }
    www_spare = {
      name     = "www"
      type     = "CNAME"
      values   = ["spare.example.net"]
      failover = "SECONDARY"
    }
  }

  tags = {
    Environment = "example"
  }
}

output "name_servers" {
  description = "The name servers to enter where the domain is registered."
  value       = module.zone.name_servers
}

output "ds_record" {
  description = "The DS record to enter in the parent zone."
  value       = module.zone.ds_record
}
