locals {
  topic_name = var.fifo ? "${var.name}.fifo" : var.name
  kms_key_id = var.customer_key ? aws_kms_key.this[0].arn : var.kms_key_id
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_sns_topic" "this" {
  name         = local.topic_name
  display_name = var.display_name

  fifo_topic                  = var.fifo
  content_based_deduplication = var.fifo ? var.content_based_deduplication : null

  kms_master_key_id = local.kms_key_id

  tags = var.tags

  lifecycle {
    precondition {
      condition     = var.fifo || !var.content_based_deduplication
      error_message = "Deduplication by content needs a FIFO topic: set fifo to true."
    }

    precondition {
      condition     = length(var.publisher_services) == 0 || var.customer_key || var.kms_key_id != "alias/aws/sns"
      error_message = "AWS services cannot publish through the key that AWS manages for SNS: set customer_key, or name a KMS key whose policy lets them."
    }
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = compact([var.policy])

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = length(var.publisher_services) == 0 ? [] : [var.publisher_services]

    content {
      sid       = "AllowServicesOfThisAccount"
      effect    = "Allow"
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.this.arn]

      principals {
        type        = "Service"
        identifiers = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint

  raw_message_delivery  = each.value.raw_message_delivery
  filter_policy         = each.value.filter_policy
  subscription_role_arn = each.value.role_arn
  redrive_policy        = each.value.dead_letter_queue_arn == null ? null : jsonencode({ deadLetterTargetArn = each.value.dead_letter_queue_arn })

  lifecycle {
    precondition {
      condition     = !var.fifo || each.value.protocol == "sqs"
      error_message = "Only queues may subscribe to a FIFO topic."
    }
  }
}

resource "aws_lambda_permission" "this" {
  for_each = { for name, subscription in var.subscriptions : name => subscription if subscription.protocol == "lambda" }

  statement_id  = "AllowTopic-${var.name}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.endpoint
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.this.arn
}
