mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                = "orders-paid"
  event_pattern       = "{\"source\":[\"shop.orders\"]}"
  schedule_expression = null
  create_bus          = false
  archive_days        = null
  dead_letter_queue   = true
  retry_attempts      = 185
  targets             = { queue = { kind = "queue", arn = "arn:aws:sqs:eu-central-1:123456789012:orders" } }
}

run "sends_to_a_queue" {
  command = apply

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).source[0] == "shop.orders" && aws_cloudwatch_event_rule.this.event_bus_name == "default"
    error_message = "The rule must take the events of the pattern, from the default bus."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["queue"].arn == "arn:aws:sqs:eu-central-1:123456789012:orders" && aws_cloudwatch_event_target.this["queue"].role_arn == null
    error_message = "The queue must get the events."
  }

  assert {
    condition     = endswith(aws_sqs_queue_policy.target["queue"].queue_url, "/123456789012/orders") && startswith(aws_sqs_queue_policy.target["queue"].queue_url, "https://sqs.eu-central-1.")
    error_message = "The policy must be that of the queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.target["queue"].policy).Statement[0].Action == "sqs:SendMessage" && jsondecode(aws_sqs_queue_policy.target["queue"].policy).Statement[0].Principal == { Service = "events.amazonaws.com" }
    error_message = "EventBridge must be let in, to send and no more."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.target["queue"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_cloudwatch_event_rule.this.arn
    error_message = "Nobody but this rule may be let in."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.target["queue"].policy).Statement[1].Effect == "Deny" && jsondecode(aws_sqs_queue_policy.target["queue"].policy).Statement[1].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "The policy must deny what does not come over TLS."
  }

  assert {
    condition     = output.name == "orders-paid" && output.arn != "" && output.event_bus_name == "default" && output.event_bus_arn == null && output.archive_arn == null && output.target_ids == ["queue"]
    error_message = "The outputs must describe the rule."
  }
}

run "keeps_what_could_not_be_delivered" {
  command = apply

  variables {
    retry_attempts = 3
    retry_seconds  = 600
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["queue"].dead_letter_config[0].arn == aws_sqs_queue.dead_letter[0].arn && aws_sqs_queue.dead_letter[0].sqs_managed_sse_enabled && aws_sqs_queue.dead_letter[0].message_retention_seconds == 1209600
    error_message = "What could not be delivered must go to an encrypted queue that keeps it."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.dead_letter[0].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_cloudwatch_event_rule.this.arn && jsondecode(aws_sqs_queue_policy.dead_letter[0].policy).Statement[1].Effect == "Deny"
    error_message = "Only this rule may send to the dead-letter queue, over TLS."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["queue"].retry_policy[0].maximum_retry_attempts == 3 && aws_cloudwatch_event_target.this["queue"].retry_policy[0].maximum_event_age_in_seconds == 600
    error_message = "Deliveries must be tried as often and as long as was set."
  }

  assert {
    condition     = output.dead_letter_queue_arn == aws_sqs_queue.dead_letter[0].arn && output.dead_letter_queue_url != null
    error_message = "The outputs must name the dead-letter queue."
  }
}

run "works_without_a_dead_letter_queue" {
  command = plan

  variables {
    dead_letter_queue = false
  }

  assert {
    condition     = length(aws_sqs_queue.dead_letter) == 0 && length(aws_cloudwatch_event_target.this["queue"].dead_letter_config) == 0 && output.dead_letter_queue_arn == null
    error_message = "No dead-letter queue must be created."
  }
}

run "runs_by_schedule" {
  command = plan

  variables {
    event_pattern       = null
    schedule_expression = "cron(0 2 * * ? *)"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.schedule_expression == "cron(0 2 * * ? *)"
    error_message = "The rule must run by the schedule."
  }
}

run "reaches_topics_functions_and_buses" {
  command = apply

  variables {
    targets = {
      topic    = { kind = "topic", arn = "arn:aws:sns:eu-central-1:123456789012:alerts", input_transformer = { paths = { number = "$.detail.number" }, template = "\"<number>\"" } }
      kept     = { kind = "topic", arn = "arn:aws:sns:eu-central-1:123456789012:kept", policy = false, input = "{}" }
      function = { kind = "function", arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders", input_path = "$.detail" }
      bus      = { kind = "bus", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/billing" }
      ordered  = { kind = "queue", arn = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo", message_group_id = "orders" }
    }
  }

  assert {
    condition     = keys(aws_sns_topic_policy.target) == ["topic"] && jsondecode(aws_sns_topic_policy.target["topic"].policy).Statement[0].Action == "sns:Publish" && jsondecode(aws_sns_topic_policy.target["topic"].policy).Statement[0].Resource == "arn:aws:sns:eu-central-1:123456789012:alerts"
    error_message = "The topic must let the rule publish, and the policy that others keep must be left alone."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_policy.target["topic"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_cloudwatch_event_rule.this.arn && jsondecode(output.policy_statements["kept"]).Resource == "arn:aws:sns:eu-central-1:123456789012:kept"
    error_message = "Nobody but this rule may publish, and the output must say what others have to add."
  }

  assert {
    condition     = aws_lambda_permission.target["function"].source_arn == aws_cloudwatch_event_rule.this.arn && aws_lambda_permission.target["function"].principal == "events.amazonaws.com"
    error_message = "The rule alone must be allowed to call the function."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["bus"].role_arn == aws_iam_role.forward[0].arn && jsondecode(aws_iam_role_policy.forward[0].policy).Statement[0].Resource == ["arn:aws:events:eu-central-1:123456789012:event-bus/billing"]
    error_message = "The role must put events on the named bus, and on no other."
  }

  assert {
    condition     = jsondecode(aws_iam_role.forward[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id && jsondecode(aws_iam_role.forward[0].assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_cloudwatch_event_rule.this.arn
    error_message = "Only this rule may take the role."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["topic"].input_transformer[0].input_template == "\"<number>\"" && aws_cloudwatch_event_target.this["kept"].input == "{}" && aws_cloudwatch_event_target.this["function"].input_path == "$.detail" && aws_cloudwatch_event_target.this["ordered"].sqs_target[0].message_group_id == "orders"
    error_message = "Every target must get what it says."
  }
}

run "has_a_bus_and_an_archive" {
  command = apply

  variables {
    create_bus   = true
    archive_days = 30
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.event_bus_name == "orders-paid" && aws_cloudwatch_event_target.this["queue"].event_bus_name == "orders-paid" && output.event_bus_arn == aws_cloudwatch_event_bus.this[0].arn
    error_message = "The rule must listen on its own bus."
  }

  assert {
    condition     = aws_cloudwatch_event_archive.this[0].retention_days == 30 && aws_cloudwatch_event_archive.this[0].event_source_arn == aws_cloudwatch_event_bus.this[0].arn && aws_cloudwatch_event_archive.this[0].event_pattern == null
    error_message = "All events of the bus must be kept as long as was set."
  }
}

run "archives_only_its_own_events_of_the_default_bus" {
  command = plan

  variables {
    archive_days = 7
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_archive.this[0].event_pattern).source[0] == "shop.orders" && endswith(aws_cloudwatch_event_archive.this[0].event_source_arn, ":event-bus/default")
    error_message = "The archive must keep what the pattern takes."
  }
}

run "refuses_a_rule_that_never_runs" {
  command = plan

  variables {
    event_pattern = null
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "refuses_a_schedule_on_another_bus" {
  command = plan

  variables {
    schedule_expression = "rate(1 day)"
    event_bus_name      = "orders"
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "refuses_a_target_of_another_kind" {
  command = plan

  variables {
    targets = { queue = { kind = "queue", arn = "arn:aws:sns:eu-central-1:123456789012:orders" } }
  }

  expect_failures = [var.targets]
}

run "refuses_two_inputs" {
  command = plan

  variables {
    targets = { queue = { kind = "queue", arn = "arn:aws:sqs:eu-central-1:123456789012:orders", input = "{}", input_path = "$.detail" } }
  }

  expect_failures = [var.targets]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                = "no spaces"
    targets             = {}
    event_pattern       = "orders"
    schedule_expression = "every night"
    description         = join("", [for number in range(513) : "x"])
    event_bus_name      = "no spaces"
    archive_days        = -1
    retry_attempts      = 186
    retry_seconds       = 1
  }

  expect_failures = [
    var.name,
    var.targets,
    var.event_pattern,
    var.schedule_expression,
    var.description,
    var.event_bus_name,
    var.archive_days,
    var.retry_attempts,
    var.retry_seconds,
  ]
}
