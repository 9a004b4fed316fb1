mock_provider "aws" {
  source = "./tests/mocks/aws"
}

override_data {
  target = data.aws_vpc.this
  values = { cidr_block = "10.0.0.0/16" }
}

override_resource {
  target = aws_service_discovery_service.this
  values = { arn = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-0123456789abcdef" }
}

variables {
  name                   = "shop"
  cluster_arn            = "arn:aws:ecs:eu-central-1:123456789012:cluster/example"
  image                  = "example.org/shop:1.0.0"
  vpc_id                 = "vpc-0123456789abcdef0"
  subnet_ids             = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  load_balancer          = null
  secret_arns            = {}
  discovery_namespace_id = null
  container_port         = null
  desired_count          = 2
  cpu_architecture       = "X86_64"
}

run "runs_a_worker_that_nobody_reaches" {
  command = apply

  assert {
    condition     = !one(aws_ecs_service.this.network_configuration).assign_public_ip && one(aws_ecs_service.this.network_configuration).subnets == toset(var.subnet_ids) && one(aws_ecs_service.this.network_configuration).security_groups == toset([aws_security_group.task.id])
    error_message = "Tasks must run in the subnets that were named, without a public address."
  }

  assert {
    condition     = one(aws_ecs_service.this.deployment_circuit_breaker).enable && one(aws_ecs_service.this.deployment_circuit_breaker).rollback
    error_message = "A failed deployment must be rolled back."
  }

  assert {
    condition     = length(aws_lb.this) == 0 && length(aws_vpc_security_group_ingress_rule.task) == 0 && length(aws_vpc_security_group_ingress_rule.front) == 0 && length(aws_service_discovery_service.this) == 0
    error_message = "Nobody must reach the tasks until that is asked for."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].image == "example.org/shop:1.0.0"
    error_message = "The container must be the image that was named, on a file system that is read-only."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].logConfiguration.options["awslogs-group"] == aws_cloudwatch_log_group.this.name && output.log_group_name == "/ecs/shop"
    error_message = "The container must write its logs."
  }

  assert {
    condition     = aws_ecs_task_definition.this.task_role_arn == aws_iam_role.task.arn && aws_ecs_task_definition.this.execution_role_arn == aws_iam_role.execution.arn && length(aws_iam_role_policy.execution) == 0
    error_message = "The task must have its roles, which may read no secret."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["ecs-tasks.amazonaws.com"])
    error_message = "Only ECS may take the roles."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https.from_port == 443 && aws_vpc_security_group_egress_rule.https.to_port == 443 && aws_vpc_security_group_egress_rule.vpc.cidr_ipv4 == "10.0.0.0/16"
    error_message = "Tasks may reach the VPC, and the world over HTTPS only."
  }

  assert {
    condition     = aws_ecs_service.this.desired_count == 2 && aws_ecs_service.this.cluster == var.cluster_arn && output.id != "" && output.name == "shop" && output.task_definition_arn != "" && output.task_role_arn != "" && output.task_role_name != "" && output.security_group_id != ""
    error_message = "The service must run on the cluster that was named, and the outputs must name it."
  }

  assert {
    condition     = output.load_balancer_arn == null && output.load_balancer_dns_name == null && output.load_balancer_zone_id == null && output.target_group_arn == null && output.discovery_arn == null
    error_message = "The outputs of what is not there must be null."
  }
}

run "stands_behind_a_load_balancer" {
  command = apply

  variables {
    container_port = 8080
    load_balancer = {
      subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
      certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      allowed_cidr_blocks = ["10.0.0.0/8"]
      health_check_path   = "/up"
      access_logs_bucket  = "acme-logs"
    }
  }

  assert {
    condition     = aws_lb.this[0].internal && aws_lb.this[0].enable_deletion_protection && aws_lb.this[0].drop_invalid_header_fields
    error_message = "The load balancer must be internal and hard to lose, and drop headers that are none."
  }

  assert {
    condition     = aws_lb_listener.https[0].protocol == "HTTPS" && aws_lb_listener.https[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06" && aws_lb_listener.https[0].certificate_arn == var.load_balancer.certificate_arn
    error_message = "The load balancer must speak TLS 1.2 at least, with the certificate that was named."
  }

  assert {
    condition     = one(aws_ecs_service.this.load_balancer).target_group_arn == aws_lb_target_group.this[0].arn && one(aws_ecs_service.this.load_balancer).container_port == 8080 && one(aws_lb_target_group.this[0].health_check).path == "/up"
    error_message = "The load balancer must send to the container, and ask whether it is well."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.front) == ["10.0.0.0/8"] && aws_vpc_security_group_ingress_rule.front["10.0.0.0/8"].from_port == 443 && aws_vpc_security_group_ingress_rule.front["10.0.0.0/8"].cidr_ipv4 == "10.0.0.0/8"
    error_message = "Only the addresses that were named may reach the load balancer, over HTTPS."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.task[0].referenced_security_group_id == aws_security_group.front[0].id && aws_vpc_security_group_ingress_rule.task[0].from_port == 8080 && aws_vpc_security_group_ingress_rule.task[0].to_port == 8080
    error_message = "Only the load balancer may reach the tasks, at their port."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.front[0].to_port == 8080 && one(aws_lb.this[0].access_logs).bucket == "acme-logs"
    error_message = "The load balancer may reach the tasks only, and must write its logs."
  }

  assert {
    condition     = output.load_balancer_arn == aws_lb.this[0].arn && output.load_balancer_dns_name != null && output.load_balancer_zone_id != null && output.target_group_arn == aws_lb_target_group.this[0].arn
    error_message = "The outputs must name the load balancer."
  }
}

run "reads_secrets" {
  command = plan

  variables {
    secret_arns = {
      DATABASE_URL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf:url::"
      TOKEN        = "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token"
    }
    secrets_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    log_kms_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    log_retention_days  = 30
  }

  assert {
    condition     = data.aws_iam_policy_document.execution[0].statement[0].resources == toset(["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf", "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token"])
    error_message = "ECS may read the secrets that were named and no others."
  }

  assert {
    condition     = data.aws_iam_policy_document.execution[0].statement[0].actions == toset(["secretsmanager:GetSecretValue", "ssm:GetParameters"]) && data.aws_iam_policy_document.execution[0].statement[1].resources == toset([var.secrets_kms_key_arn])
    error_message = "ECS may read and decrypt, and nothing else."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key_arn && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Logs must be kept as long as was asked, encrypted with the key that was named."
  }

  assert {
    condition     = length(aws_iam_role_policy.execution) == 1 && alltrue([for one in local.container.secrets : one.valueFrom == var.secret_arns[one.name]]) && length(local.container.secrets) == 2 && length(local.container.environment) == 0
    error_message = "The container must get its secrets by their ARNs, and none in the open."
  }
}

run "is_found_by_name" {
  command = apply

  variables {
    discovery_namespace_id = "ns-0123456789abcdef"
  }

  assert {
    condition     = one(aws_service_discovery_service.this[0].dns_config).namespace_id == "ns-0123456789abcdef" && one(aws_ecs_service.this.service_registries).registry_arn == aws_service_discovery_service.this[0].arn && output.discovery_arn == aws_service_discovery_service.this[0].arn
    error_message = "The service must be found in the namespace that was named."
  }
}

run "runs_as_was_asked" {
  command = plan

  variables {
    cpu              = 1024
    memory           = 2048
    cpu_architecture = "ARM64"
    desired_count    = 5
    read_only_root   = false
    command          = ["work"]
    environment      = { LEVEL = "info" }
  }

  assert {
    condition     = aws_ecs_task_definition.this.cpu == "1024" && aws_ecs_task_definition.this.memory == "2048" && one(aws_ecs_task_definition.this.runtime_platform).cpu_architecture == "ARM64" && aws_ecs_service.this.desired_count == 5
    error_message = "Tasks must have the size and the number that were asked for."
  }

  assert {
    condition     = !local.container.readonlyRootFilesystem && local.container.command == tolist(["work"]) && one(local.container.environment).value == "info"
    error_message = "The container must run as was asked."
  }
}

run "refuses_a_load_balancer_without_a_port" {
  command = plan

  variables {
    load_balancer = {
      subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
      certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      allowed_cidr_blocks = []
    }
  }

  expect_failures = [aws_ecs_service.this]
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "shop_"
  }

  expect_failures = [var.name]
}

run "refuses_what_is_no_cluster" {
  command = plan

  variables {
    cluster_arn = "example"
  }

  expect_failures = [var.cluster_arn]
}

run "refuses_the_tag_latest" {
  command = plan

  variables {
    image = "example.org/shop:latest"
  }

  expect_failures = [var.image]
}

run "refuses_what_is_no_vpc" {
  command = plan

  variables {
    vpc_id = "main"
  }

  expect_failures = [var.vpc_id]
}

run "refuses_no_subnets" {
  command = plan

  variables {
    subnet_ids = []
  }

  expect_failures = [var.subnet_ids]
}

run "refuses_a_load_balancer_in_one_zone" {
  command = plan

  variables {
    container_port = 8080
    load_balancer  = { subnet_ids = ["subnet-0"], certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x", allowed_cidr_blocks = [] }
  }

  expect_failures = [var.load_balancer]
}

run "refuses_a_load_balancer_without_a_certificate" {
  command = plan

  variables {
    container_port = 8080
    load_balancer  = { subnet_ids = ["subnet-0", "subnet-1"], certificate_arn = "", allowed_cidr_blocks = [] }
  }

  expect_failures = [var.load_balancer]
}

run "refuses_an_odd_address" {
  command = plan

  variables {
    container_port = 8080
    load_balancer  = { subnet_ids = ["subnet-0", "subnet-1"], certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x", allowed_cidr_blocks = ["everybody"] }
  }

  expect_failures = [var.load_balancer]
}

run "refuses_a_secret_by_its_value" {
  command = plan

  variables {
    secret_arns = { PASSWORD = "by-value" }
  }

  expect_failures = [var.secret_arns]
}

run "refuses_what_is_no_namespace" {
  command = plan

  variables {
    discovery_namespace_id = "local"
  }

  expect_failures = [var.discovery_namespace_id]
}

run "refuses_port_zero" {
  command = plan

  variables {
    container_port = 0
  }

  expect_failures = [var.container_port]
}

run "refuses_a_secrets_key_that_is_no_arn" {
  command = plan

  variables {
    secrets_kms_key_arn = "my-key"
  }

  expect_failures = [var.secrets_kms_key_arn]
}

run "refuses_an_odd_cpu" {
  command = plan

  variables {
    cpu = 300
  }

  expect_failures = [var.cpu]
}

run "refuses_too_little_memory" {
  command = plan

  variables {
    memory = 128
  }

  expect_failures = [var.memory]
}

run "refuses_an_unknown_architecture" {
  command = plan

  variables {
    cpu_architecture = "RISCV"
  }

  expect_failures = [var.cpu_architecture]
}

run "refuses_a_count_below_zero" {
  command = plan

  variables {
    desired_count = -1
  }

  expect_failures = [var.desired_count]
}

run "refuses_an_odd_retention" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_a_logs_key_that_is_no_arn" {
  command = plan

  variables {
    log_kms_key_arn = "my-key"
  }

  expect_failures = [var.log_kms_key_arn]
}
