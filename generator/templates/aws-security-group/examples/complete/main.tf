# Web servers behind a load balancer, which reach their database and AWS.

module "security_group" {
  source = "../../"

  name         = "web"
  vpc_id       = "vpc-0123456789abcdef0"
  description  = "Web servers of the example."
  https_egress = true

  ingress_rules = {
    https = {
      description       = "HTTPS from the load balancer."
      from_port         = 443
      security_group_id = "sg-0123456789abcdef0"
    }
  }

  egress_rules = {
    database = {
      description = "Postgres in the private subnets."
      from_port   = 5432
      cidr_ipv4   = "10.0.0.0/16"
    }
  }

  tags = {
    Environment = "example"
  }
}

output "id" {
  description = "The id of the security group."
  value       = module.security_group.id
}
