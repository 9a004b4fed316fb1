# A topic with its own key, which CloudWatch alarms publish to and a queue and a function read.

module "topic" {
  source = "../../"

  name         = "alarms"
  display_name = "Alarms"

  customer_key       = true
  publisher_services = ["cloudwatch.amazonaws.com"]

  subscriptions = {
    archive = {
      protocol             = "sqs"
      endpoint             = "arn:aws:sqs:eu-central-1:123456789012:alarms"
      raw_message_delivery = true
    }
    pager = {
      protocol              = "lambda"
      endpoint              = "arn:aws:lambda:eu-central-1:123456789012:function:pager"
      filter_policy         = jsonencode({ severity = ["high"] })
      dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:alarms-dead-letter"
    }
  }

  tags = {
    Environment = "example"
  }
}

output "arn" {
  description = "The ARN of the topic."
  value       = module.topic.arn
}
