# A shop behind an internal load balancer, with a secret, which other services find by name.

module "service" {
  source = "../../"

  name        = "shop"
  cluster_arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/example"
  image       = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.4.2"
  vpc_id      = "vpc-0123456789abcdef0"
  subnet_ids  = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]

  load_balancer = {
    subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    allowed_cidr_blocks = ["10.0.0.0/8"]
    health_check_path   = "/healthy"
  }

  secret_arns            = { DATABASE_URL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf" }
  discovery_namespace_id = "ns-0123456789abcdef"
  container_port         = 8080
  environment            = { LOG_LEVEL = "info" }

  cpu                = 512
  memory             = 1024
  cpu_architecture   = "ARM64"
  desired_count      = 3
  log_retention_days = 90

  tags = {
    Environment = "example"
  }
}

output "load_balancer_dns_name" {
  description = "The name to which an alias record leads."
  value       = module.service.load_balancer_dns_name
}
