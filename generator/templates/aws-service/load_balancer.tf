resource "aws_lb" "this" {
  count = local.served ? 1 : 0

  name                       = var.name
  load_balancer_type         = "application"
  internal                   = var.load_balancer.internal
  subnets                    = var.load_balancer.subnet_ids
  security_groups            = [aws_security_group.front[0].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.load_balancer.deletion_protection

  dynamic "access_logs" {
    for_each = var.load_balancer.access_logs_bucket == null ? [] : [var.load_balancer.access_logs_bucket]

    content {
      enabled = true
      bucket  = access_logs.value
      prefix  = var.name
    }
  }

  tags = var.tags
}

resource "aws_lb_target_group" "this" {
  count = local.served ? 1 : 0

  name                 = var.name
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = coalesce(var.container_port, 80)
  deregistration_delay = 30

  health_check {
    path    = var.load_balancer.health_check_path
    matcher = "200-299"
  }

  tags = var.tags
}

resource "aws_lb_listener" "https" {
  count = local.served ? 1 : 0

  load_balancer_arn = aws_lb.this[0].arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.load_balancer.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[0].arn
  }

  tags = var.tags
}

resource "aws_security_group" "front" {
  count = local.served ? 1 : 0

  name        = "${var.name}-front"
  description = "Who may reach the load balancer of the service ${var.name}."
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-front" })
}

resource "aws_vpc_security_group_ingress_rule" "front" {
  for_each = local.served ? toset(var.load_balancer.allowed_cidr_blocks) : toset([])

  security_group_id = aws_security_group.front[0].id
  description       = "HTTPS from ${each.value}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "front" {
  count = local.served ? 1 : 0

  security_group_id            = aws_security_group.front[0].id
  description                  = "To the tasks"
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
  referenced_security_group_id = aws_security_group.task.id
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "task" {
  count = local.served ? 1 : 0

  security_group_id            = aws_security_group.task.id
  description                  = "From the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
  referenced_security_group_id = aws_security_group.front[0].id
  tags                         = var.tags
}
