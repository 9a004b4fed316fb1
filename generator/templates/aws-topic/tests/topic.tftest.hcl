mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                        = "orders"
  fifo                        = false
  content_based_deduplication = false
  customer_key                = false
  kms_key_id                  = "alias/aws/sns"
  publisher_services          = []
  subscriptions               = {}
}

run "is_encrypted" {
  command = apply

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "alias/aws/sns" && length(aws_kms_key.this) == 0
    error_message = "The topic must be encrypted, with no key of its own unless asked."
  }

  assert {
    condition     = output.name == "orders" && output.arn != "" && output.kms_key_id == "alias/aws/sns" && length(output.subscription_arns) == 0
    error_message = "The outputs must describe the topic."
  }
}

run "refuses_plain_http" {
  command = apply

  assert {
    condition     = aws_sns_topic_policy.this.policy == data.aws_iam_policy_document.this.json && length(data.aws_iam_policy_document.this.statement) == 1
    error_message = "The topic must have its policy, which allows nobody."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.this.statement[0].condition).values == tolist(["false"])
    error_message = "The policy must deny what does not come over TLS."
  }
}

run "lets_services_of_the_account_publish" {
  command = apply

  variables {
    customer_key       = true
    publisher_services = ["cloudwatch.amazonaws.com"]
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[1].condition).variable == "aws:SourceAccount" && one(data.aws_iam_policy_document.this.statement[1].principals).type == "Service"
    error_message = "Services must be let in for this account alone."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this[0].arn && aws_kms_key.this[0].enable_key_rotation
    error_message = "The topic must use its own key, which is rotated."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id
    error_message = "The key must serve the services for this account alone."
  }
}

run "delivers_to_its_subscribers" {
  command = apply

  variables {
    subscriptions = {
      handler = {
        protocol              = "lambda"
        endpoint              = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
        filter_policy         = "{\"kind\":[\"paid\"]}"
        dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:dead"
      }
      archive = {
        protocol             = "sqs"
        endpoint             = "arn:aws:sqs:eu-central-1:123456789012:orders"
        raw_message_delivery = true
      }
    }
  }

  assert {
    condition     = length(aws_lambda_permission.this) == 1 && aws_lambda_permission.this["handler"].source_arn == aws_sns_topic.this.arn
    error_message = "The topic alone must be allowed to call the function."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this["handler"].redrive_policy).deadLetterTargetArn == "arn:aws:sqs:eu-central-1:123456789012:dead"
    error_message = "What could not be delivered must go to the dead-letter queue."
  }

  assert {
    condition     = aws_sns_topic_subscription.this["archive"].raw_message_delivery && jsondecode(aws_sns_topic_subscription.this["handler"].filter_policy).kind[0] == "paid"
    error_message = "Subscriptions must be delivered as they say."
  }

  assert {
    condition     = length(output.subscription_arns) == 2
    error_message = "The output must name both subscriptions."
  }
}

run "keeps_order" {
  command = plan

  variables {
    fifo                        = true
    content_based_deduplication = true
  }

  assert {
    condition     = aws_sns_topic.this.name == "orders.fifo" && aws_sns_topic.this.fifo_topic && aws_sns_topic.this.content_based_deduplication
    error_message = "The topic must be FIFO, deduplicate, and be named so."
  }
}

run "encrypts_with_a_key_that_is_named" {
  command = plan

  variables {
    kms_key_id = "alias/orders"
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "alias/orders"
    error_message = "The topic must use the key."
  }
}

run "refuses_deduplication_without_fifo" {
  command = plan

  variables {
    content_based_deduplication = true
  }

  expect_failures = [aws_sns_topic.this]
}

run "refuses_services_that_could_not_publish" {
  command = plan

  variables {
    publisher_services = ["cloudwatch.amazonaws.com"]
  }

  expect_failures = [aws_sns_topic.this]
}

run "refuses_a_function_on_a_fifo_topic" {
  command = plan

  variables {
    fifo          = true
    subscriptions = { handler = { protocol = "lambda", endpoint = "arn:aws:lambda:eu-central-1:123456789012:function:orders" } }
  }

  expect_failures = [aws_sns_topic_subscription.this]
}

run "refuses_plain_http_subscribers" {
  command = plan

  variables {
    subscriptions = { page = { protocol = "http", endpoint = "http://example.com" } }
  }

  expect_failures = [var.subscriptions]
}

run "refuses_a_filter_that_is_no_json" {
  command = plan

  variables {
    subscriptions = { page = { protocol = "https", endpoint = "https://example.com", filter_policy = "paid" } }
  }

  expect_failures = [var.subscriptions]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name               = "orders.fifo"
    display_name       = ""
    kms_key_id         = ""
    publisher_services = ["*"]
    policy             = "allow all"
  }

  expect_failures = [var.name, var.display_name, var.kms_key_id, var.publisher_services, var.policy]
}
