# A FIFO queue with its own key, which one role may use.

resource "aws_kms_key" "messages" {
  description             = "Encrypts the messages of the example queue."
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

module "queue" {
  source = "../../"

  name                        = "orders"
  fifo                        = true
  content_based_deduplication = true

  dead_letter_queue             = true
  max_receive_count             = 3
  dead_letter_retention_seconds = 1209600

  retention_seconds          = 86400
  visibility_timeout_seconds = 120
  delay_seconds              = 5
  receive_wait_seconds       = 20
  max_message_size           = 65536
  kms_key_id                 = aws_kms_key.messages.arn

  tags = {
    Environment = "example"
  }
}

output "id" {
  description = "The URL of the queue."
  value       = module.queue.id
}

output "dead_letter_queue_arn" {
  description = "The ARN of the dead-letter queue."
  value       = module.queue.dead_letter_queue_arn
}
