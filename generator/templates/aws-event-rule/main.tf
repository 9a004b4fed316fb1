data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = var.description
  event_bus_name      = local.bus_name
  event_pattern       = var.event_pattern
  schedule_expression = var.schedule_expression

  tags = var.tags

  lifecycle {
    precondition {
      condition     = var.event_pattern != null || var.schedule_expression != null
      error_message = "A rule needs an event_pattern or a schedule_expression."
    }

    precondition {
      condition     = var.schedule_expression == null || (!var.create_bus && var.event_bus_name == "default")
      error_message = "Schedules run on the default bus only: leave create_bus off and event_bus_name as it is."
    }
  }
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = var.targets

  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = aws_cloudwatch_event_rule.this.event_bus_name
  target_id      = each.key
  arn            = each.value.arn
  role_arn       = each.value.kind == "bus" ? aws_iam_role.forward[0].arn : null
  input          = each.value.input
  input_path     = each.value.input_path

  dynamic "input_transformer" {
    for_each = each.value.input_transformer == null ? [] : [each.value.input_transformer]

    content {
      input_paths    = input_transformer.value.paths
      input_template = input_transformer.value.template
    }
  }

  dynamic "sqs_target" {
    for_each = each.value.message_group_id == null ? [] : [each.value.message_group_id]

    content {
      message_group_id = sqs_target.value
    }
  }

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_queue ? [aws_sqs_queue.dead_letter[0].arn] : []

    content {
      arn = dead_letter_config.value
    }
  }

  retry_policy {
    maximum_retry_attempts       = var.retry_attempts
    maximum_event_age_in_seconds = var.retry_seconds
  }
}

resource "aws_sqs_queue" "dead_letter" {
  count = var.dead_letter_queue ? 1 : 0

  name                      = "${var.name}-dead-letter"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  tags = var.tags
}

resource "aws_sqs_queue_policy" "dead_letter" {
  count = var.dead_letter_queue ? 1 : 0

  queue_url = aws_sqs_queue.dead_letter[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      merge(local.send_to_queue, { Resource = aws_sqs_queue.dead_letter[0].arn }),
      merge(local.deny_plain_http, { Action = "sqs:*", Resource = aws_sqs_queue.dead_letter[0].arn }),
    ]
  })
}
