# Paid orders go from a bus with an archive to a queue, a topic, a function and a second bus.

module "rule" {
  source = "../../"

  name                = "orders-paid"
  description         = "Tells everybody that an order was paid"
  event_pattern       = jsonencode({ source = ["shop.orders"], detail-type = ["paid"] })
  schedule_expression = null

  create_bus   = true
  archive_days = 30

  dead_letter_queue = true
  retry_attempts    = 20
  retry_seconds     = 3600

  targets = {
    queue = {
      kind             = "queue"
      arn              = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
      message_group_id = "orders"
    }
    topic = {
      kind   = "topic"
      arn    = "arn:aws:sns:eu-central-1:123456789012:orders"
      policy = false
      input_transformer = {
        paths    = { number = "$.detail.number" }
        template = "\"Order <number> was paid.\""
      }
    }
    function = {
      kind       = "function"
      arn        = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
      input_path = "$.detail"
    }
    bus = {
      kind = "bus"
      arn  = "arn:aws:events:eu-central-1:123456789012:event-bus/billing"
    }
  }

  tags = {
    Environment = "example"
  }
}

output "policy_statements" {
  description = "What the topic's own policy must allow."
  value       = module.rule.policy_statements
}

output "dead_letter_queue_url" {
  description = "Where the events are that nobody got."
  value       = module.rule.dead_letter_queue_url
}
