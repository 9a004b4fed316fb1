variable "name" {
  description = "The name of the queue, without the suffix .fifo."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,63}$", var.name))
    error_message = "The name must have 1 to 63 letters, digits, hyphens and underscores; .fifo is added where it is needed."
  }
}

variable "fifo" {
  description = "Whether messages are delivered in order and once. A queue cannot change this later."
  type        = bool
  default     = false
  nullable    = false
}

variable "content_based_deduplication" {
  description = "Whether a FIFO queue takes messages with the same content for the same message."
  type        = bool
  default     = false
  nullable    = false
}

variable "dead_letter_queue" {
  description = "Whether a second queue takes the messages that could not be processed."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_receive_count" {
  description = "How often a message may be received before it moves to the dead-letter queue."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "The maximum receive count must be a whole number from 1 to 1000."
  }
}

variable "dead_letter_retention_seconds" {
  description = "How long the dead-letter queue keeps a message, in seconds. It counts from when the message was first sent."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds >= 60 && var.dead_letter_retention_seconds <= 1209600
    error_message = "A message can be kept from 60 seconds to 14 days (1209600)."
  }
}

variable "retention_seconds" {
  description = "How long the queue keeps a message, in seconds."
  type        = number
  default     = 345600
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 1209600
    error_message = "A message can be kept from 60 seconds to 14 days (1209600)."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden, in seconds: longer than its processing takes."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds >= 0 && var.visibility_timeout_seconds <= 43200
    error_message = "The visibility timeout must be 0 to 43200 seconds."
  }
}

variable "delay_seconds" {
  description = "How long a new message waits before it can be received, in seconds."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.delay_seconds >= 0 && var.delay_seconds <= 900
    error_message = "The delay must be 0 to 900 seconds."
  }
}

variable "receive_wait_seconds" {
  description = "How long a receive call waits for a message, in seconds. More than 0 saves empty calls."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.receive_wait_seconds >= 0 && var.receive_wait_seconds <= 20
    error_message = "A receive call can wait 0 to 20 seconds."
  }
}

variable "max_message_size" {
  description = "The largest message that is taken, in bytes."
  type        = number
  default     = 262144
  nullable    = false

  validation {
    condition     = var.max_message_size >= 1024 && var.max_message_size <= 262144
    error_message = "The maximum message size must be 1024 to 262144 bytes."
  }
}

variable "kms_key_id" {
  description = "The KMS key that encrypts messages: an id, an ARN or an alias. Null takes the keys that SQS manages."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_id == null || try(length(var.kms_key_id) > 0, false)
    error_message = "The KMS key must not be empty; null takes the keys that SQS manages."
  }
}

variable "policy" {
  description = "A further queue policy as JSON, merged with the statement that refuses plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.policy == null || can(jsondecode(var.policy))
    error_message = "The policy must be valid JSON."
  }
}

variable "tags" {
  description = "Tags for both queues."
  type        = map(string)
  default     = {}
  nullable    = false
}
