data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  public = length(var.vpcs) == 0
}

resource "aws_route53_zone" "this" {
  name          = var.name
  comment       = var.comment
  force_destroy = var.force_destroy

  dynamic "vpc" {
    for_each = var.vpcs

    content {
      vpc_id     = vpc.value.vpc_id
      vpc_region = vpc.value.region
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.public || !(var.dnssec || var.query_logging)
      error_message = "Route 53 signs and logs public zones only: leave dnssec and query_logging off for a private zone."
    }

    precondition {
      condition     = !(var.dnssec || var.query_logging) || data.aws_region.current.id == "us-east-1"
      error_message = "Route 53 takes the signing key and the log group from us-east-1 only: give the module a provider of that region."
    }
  }
}

resource "aws_route53_record" "entry" {
  for_each = var.records

  zone_id = aws_route53_zone.this.zone_id
  name    = each.value.name == "" ? var.name : "${each.value.name}.${var.name}"
  type    = each.value.type
  ttl     = each.value.alias == null ? each.value.ttl : null
  records = each.value.alias == null ? each.value.values : null

  set_identifier  = each.value.failover == null ? null : each.key
  health_check_id = each.value.health_check == null ? null : aws_route53_health_check.endpoint[each.value.health_check].id

  dynamic "alias" {
    for_each = each.value.alias == null ? [] : [each.value.alias]

    content {
      name                   = alias.value.name
      zone_id                = alias.value.zone_id
      evaluate_target_health = alias.value.evaluate_target_health
    }
  }

  dynamic "failover_routing_policy" {
    for_each = each.value.failover == null ? [] : [each.value.failover]

    content {
      type = failover_routing_policy.value
    }
  }

  lifecycle {
    precondition {
      condition     = each.value.failover != "PRIMARY" || each.value.health_check != null || each.value.alias != null
      error_message = "A primary record fails over only when something watches it: set its health_check."
    }
  }
}

resource "aws_route53_health_check" "endpoint" {
  for_each = var.health_checks

  type              = each.value.type
  fqdn              = each.value.fqdn
  port              = each.value.port
  resource_path     = each.value.type == "TCP" ? null : each.value.path
  failure_threshold = each.value.failure_threshold
  request_interval  = each.value.interval_seconds

  tags = merge(var.tags, { Name = each.key })
}
