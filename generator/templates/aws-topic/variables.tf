variable "name" {
  description = "The name of the topic, without the suffix .fifo."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,80}$", var.name))
    error_message = "The name must have 1 to 80 letters, digits, hyphens and underscores; .fifo is added where it is needed."
  }
}

variable "display_name" {
  description = "What people see as the sender of an SMS or an e-mail."
  type        = string
  default     = null

  validation {
    condition     = var.display_name == null || try(length(var.display_name) >= 1 && length(var.display_name) <= 100, false)
    error_message = "The display name must have 1 to 100 characters."
  }
}

variable "fifo" {
  description = "Whether messages are delivered in order and once. A topic cannot change this later."
  type        = bool
  default     = false
  nullable    = false
}

variable "content_based_deduplication" {
  description = "Whether a FIFO topic takes messages with the same content for the same message."
  type        = bool
  default     = false
  nullable    = false
}

variable "customer_key" {
  description = "Whether a KMS key is created for the topic; it takes the place of kms_key_id."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_id" {
  description = "The KMS key that encrypts messages: an id, an ARN or an alias."
  type        = string
  default     = "alias/aws/sns"
  nullable    = false

  validation {
    condition     = length(var.kms_key_id) > 0
    error_message = "The KMS key must not be empty: a topic is always encrypted."
  }
}

variable "publisher_services" {
  description = "AWS services that may publish on behalf of this account, such as cloudwatch.amazonaws.com."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.publisher_services : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", service))])
    error_message = "Each service must be a service principal such as cloudwatch.amazonaws.com."
  }
}

variable "subscriptions" {
  description = "Who gets the messages, by a name of your choice. Functions are allowed to be called; a dead-letter queue takes what could not be delivered."
  type = map(object({
    protocol              = string
    endpoint              = string
    raw_message_delivery  = optional(bool, false)
    filter_policy         = optional(string)
    dead_letter_queue_arn = optional(string)
    role_arn              = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for subscription in var.subscriptions : contains(["sqs", "lambda", "firehose", "https", "email", "email-json", "sms"], subscription.protocol)])
    error_message = "The protocol must be sqs, lambda, firehose, https, email, email-json or sms; plain http is not offered."
  }

  validation {
    condition     = alltrue([for subscription in var.subscriptions : subscription.filter_policy == null || can(jsondecode(subscription.filter_policy))])
    error_message = "A filter policy must be valid JSON."
  }
}

variable "policy" {
  description = "A further topic policy as JSON, merged with the statement that refuses plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.policy == null || can(jsondecode(var.policy))
    error_message = "The policy must be valid JSON."
  }
}

variable "tags" {
  description = "Tags for the topic and its key."
  type        = map(string)
  default     = {}
  nullable    = false
}
