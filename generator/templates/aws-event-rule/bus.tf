locals {
  bus_name = var.create_bus ? aws_cloudwatch_event_bus.this[0].name : var.event_bus_name
  bus_arn  = var.create_bus ? aws_cloudwatch_event_bus.this[0].arn : "arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:event-bus/${var.event_bus_name}"
}

resource "aws_cloudwatch_event_bus" "this" {
  count = var.create_bus ? 1 : 0

  name = var.name

  tags = var.tags
}

resource "aws_cloudwatch_event_archive" "this" {
  count = var.archive_days == null ? 0 : 1

  name             = var.name
  description      = "Keeps the events of the bus ${local.bus_name} for replay."
  event_source_arn = local.bus_arn
  event_pattern    = var.create_bus ? null : var.event_pattern
  retention_days   = var.archive_days
}
