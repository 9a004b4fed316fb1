locals {
  from_this_rule = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.this.arn } }

  send_to_queue = {
    Sid       = "AllowTheRuleToSend"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Condition = local.from_this_rule
  }
  publish_to_topic = merge(local.send_to_queue, { Sid = "AllowTheRuleToPublish", Action = "sns:Publish" })
  deny_plain_http = {
    Sid       = "DenyPlainHttp"
    Effect    = "Deny"
    Principal = "*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  queues    = { for name, target in var.targets : name => target.arn if target.kind == "queue" }
  topics    = { for name, target in var.targets : name => target.arn if target.kind == "topic" }
  functions = { for name, target in var.targets : name => target.arn if target.kind == "function" }
  buses     = { for name, target in var.targets : name => target.arn if target.kind == "bus" }

  # A queue or a topic has one policy, which somebody else may keep.
  own_queues = { for name, arn in local.queues : name => arn if var.targets[name].policy }
  own_topics = { for name, arn in local.topics : name => arn if var.targets[name].policy }

  statements = merge(
    { for name, arn in local.queues : name => merge(local.send_to_queue, { Resource = arn }) },
    { for name, arn in local.topics : name => merge(local.publish_to_topic, { Resource = arn }) },
  )
}

resource "aws_sqs_queue_policy" "target" {
  for_each = local.own_queues

  # https://sqs.REGION.SUFFIX/ACCOUNT/NAME, which is what SQS calls a queue's URL.
  queue_url = "https://sqs.${split(":", each.value)[3]}.${data.aws_partition.current.dns_suffix}/${split(":", each.value)[4]}/${split(":", each.value)[5]}"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.statements[each.key], merge(local.deny_plain_http, { Action = "sqs:*", Resource = each.value })]
  })
}

resource "aws_sns_topic_policy" "target" {
  for_each = local.own_topics

  arn = each.value
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.statements[each.key], merge(local.deny_plain_http, { Action = "sns:Publish", Resource = each.value })]
  })
}

resource "aws_lambda_permission" "target" {
  for_each = local.functions

  statement_id  = "AllowRule-${var.name}-${replace(each.key, ".", "_")}"
  action        = "lambda:InvokeFunction"
  function_name = each.value
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}

resource "aws_iam_role" "forward" {
  count = anytrue([for target in values(var.targets) : target.kind == "bus"]) ? 1 : 0

  name = "${var.name}-events"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = merge(local.from_this_rule, { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } })
    }]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "forward" {
  count = anytrue([for target in values(var.targets) : target.kind == "bus"]) ? 1 : 0

  name = "put-events"
  role = aws_iam_role.forward[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = values(local.buses)
    }]
  })
}
