data "aws_region" "current" {}

data "aws_vpc" "this" {
  id = var.vpc_id
}

locals {
  served = var.load_balancer != null

  container = {
    name                   = var.name
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = var.read_only_root
    command                = length(var.command) == 0 ? null : var.command
    environment            = [for key, value in var.environment : { name = key, value = value }]
    secrets                = [for key, arn in var.secret_arns : { name = key, valueFrom = arn }]
    portMappings           = var.container_port == null ? [] : [{ containerPort = var.container_port, protocol = "tcp" }]
    linuxParameters        = { initProcessEnabled = true }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.current.id
        awslogs-stream-prefix = var.name
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    cpu_architecture        = var.cpu_architecture
    operating_system_family = "LINUX"
  }

  tags = var.tags
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.desired_count
  launch_type     = "FARGATE"

  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"
  health_check_grace_period_seconds = local.served ? var.load_balancer.grace_period_seconds : null

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "load_balancer" {
    for_each = local.served ? [aws_lb_target_group.this[0].arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = var.name
      container_port   = var.container_port
    }
  }

  dynamic "service_registries" {
    for_each = var.discovery_namespace_id == null ? [] : [aws_service_discovery_service.this[0].arn]

    content {
      registry_arn = service_registries.value
    }
  }

  tags = var.tags

  # A target group without a listener takes no service, and a task without its secrets never starts.
  depends_on = [aws_lb_listener.https, aws_iam_role_policy.execution]

  lifecycle {
    precondition {
      condition     = !local.served || var.container_port != null
      error_message = "A load balancer needs a port to send to: set container_port."
    }
  }
}

resource "aws_service_discovery_service" "this" {
  count = var.discovery_namespace_id == null ? 0 : 1

  name = var.name

  dns_config {
    namespace_id   = var.discovery_namespace_id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }

  tags = var.tags
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "What the tasks of the service ${var.name} may reach, and who may reach them."
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-task" })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "Images, secrets, logs and other services over TLS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "vpc" {
  security_group_id = aws_security_group.task.id
  description       = "Databases and others inside of the VPC"
  ip_protocol       = "-1"
  cidr_ipv4         = data.aws_vpc.this.cidr_block
  tags              = var.tags
}
