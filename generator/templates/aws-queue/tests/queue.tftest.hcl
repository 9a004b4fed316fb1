mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                        = "orders"
  fifo                        = false
  content_based_deduplication = false
  dead_letter_queue           = true
  max_receive_count           = 5
  retention_seconds           = 345600
  visibility_timeout_seconds  = 30
  kms_key_id                  = null
}

run "is_encrypted_and_has_a_dead_letter_queue" {
  command = apply

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead_letter[0].sqs_managed_sse_enabled
    error_message = "Both queues must be encrypted."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_policy.this[0].redrive_policy).maxReceiveCount == 5
    error_message = "Messages must move to the dead-letter queue after the receives that were set."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letter[0].redrive_allow_policy).redrivePermission == "byQueue"
    error_message = "Only the queue itself may use its dead-letter queue."
  }

  assert {
    condition     = output.name == "orders" && output.dead_letter_queue_arn != null && output.id != ""
    error_message = "The outputs must name both queues."
  }
}

run "refuses_plain_http" {
  command = apply

  assert {
    condition     = aws_sqs_queue_policy.this.policy == data.aws_iam_policy_document.this.json && aws_sqs_queue_policy.dead_letter[0].policy == data.aws_iam_policy_document.dead_letter[0].json
    error_message = "Both queues must have their policy."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].sid == "DenyPlainHttp" && data.aws_iam_policy_document.dead_letter[0].statement[0].effect == "Deny"
    error_message = "Both policies must refuse plain HTTP."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.this.statement[0].condition).values == tolist(["false"])
    error_message = "The policy must deny what does not come over TLS, and allow nothing."
  }
}

run "keeps_messages_as_long_as_was_asked" {
  command = plan

  variables {
    retention_seconds             = 3600
    dead_letter_retention_seconds = 7200
  }

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 3600 && aws_sqs_queue.dead_letter[0].message_retention_seconds == 7200
    error_message = "Each queue must keep its messages as long as its own input says."
  }
}

run "works_without_a_dead_letter_queue" {
  command = apply

  variables {
    dead_letter_queue = false
  }

  assert {
    condition     = length(aws_sqs_queue.dead_letter) == 0 && length(aws_sqs_queue_redrive_policy.this) == 0
    error_message = "No dead-letter queue must be created."
  }

  assert {
    condition     = output.dead_letter_queue_url == null && output.dead_letter_queue_arn == null
    error_message = "The outputs of the dead-letter queue must be null."
  }
}

run "keeps_order" {
  command = plan

  variables {
    fifo                        = true
    content_based_deduplication = true
  }

  assert {
    condition     = aws_sqs_queue.this.name == "orders.fifo" && aws_sqs_queue.dead_letter[0].name == "orders-dead-letter.fifo"
    error_message = "The names of FIFO queues must end in .fifo."
  }

  assert {
    condition     = aws_sqs_queue.dead_letter[0].fifo_queue
    error_message = "The dead-letter queue of a FIFO queue must be FIFO."
  }
}

run "encrypts_with_kms" {
  command = plan

  variables {
    kms_key_id = "alias/orders"
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "alias/orders" && aws_sqs_queue.dead_letter[0].kms_master_key_id == "alias/orders"
    error_message = "Both queues must use the key."
  }
}

run "refuses_deduplication_without_fifo" {
  command = plan

  variables {
    content_based_deduplication = true
  }

  expect_failures = [aws_sqs_queue.this]
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "orders.fifo"
  }

  expect_failures = [var.name]
}

run "refuses_no_receives" {
  command = plan

  variables {
    max_receive_count = 0
  }

  expect_failures = [var.max_receive_count]
}

run "refuses_numbers_out_of_range" {
  command = plan

  variables {
    retention_seconds             = 1
    dead_letter_retention_seconds = 1
    visibility_timeout_seconds    = 50000
    delay_seconds                 = 901
    receive_wait_seconds          = 21
    max_message_size              = 1
  }

  expect_failures = [
    var.retention_seconds,
    var.dead_letter_retention_seconds,
    var.visibility_timeout_seconds,
    var.delay_seconds,
    var.receive_wait_seconds,
    var.max_message_size,
  ]
}

run "refuses_an_empty_key" {
  command = plan

  variables {
    kms_key_id = ""
  }

  expect_failures = [var.kms_key_id]
}

run "refuses_a_policy_that_is_no_json" {
  command = plan

  variables {
    policy = "allow all"
  }

  expect_failures = [var.policy]
}
