variable "name" {
  description = "The name of the rule, and of what is made for it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,48}$", var.name))
    error_message = "The name must have 1 to 48 letters, digits, hyphens and underscores."
  }
}

variable "targets" {
  description = "Who gets the events, by a name of your choice: a queue, topic, function or bus. The module writes the policy of a queue or topic, over the one it has, unless policy is false. The event is sent as it is unless input, input_path or input_transformer says otherwise."
  type = map(object({
    kind       = string
    arn        = string
    policy     = optional(bool, true)
    input      = optional(string)
    input_path = optional(string)
    input_transformer = optional(object({
      paths    = optional(map(string), {})
      template = string
    }))
    message_group_id = optional(string)
  }))
  nullable = false

  validation {
    condition     = length(var.targets) >= 1 && length(var.targets) <= 5 && alltrue([for name in keys(var.targets) : can(regex("^[0-9A-Za-z._-]{1,64}$", name))])
    error_message = "A rule has 1 to 5 targets, each with a name of 1 to 64 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for target in values(var.targets) : can(regex(lookup({ queue = "^arn:[a-z-]+:sqs:", topic = "^arn:[a-z-]+:sns:", function = "^arn:[a-z-]+:lambda:", bus = "^arn:[a-z-]+:events:" }, target.kind, "none"), target.arn))])
    error_message = "The kind of a target must be queue, topic, function or bus, and its ARN must be that of one."
  }

  validation {
    condition     = alltrue([for target in values(var.targets) : length([for one in [target.input, target.input_path, try(target.input_transformer.template, null)] : one if one != null]) <= 1])
    error_message = "A target has one of input, input_path and input_transformer at most."
  }
}

variable "event_pattern" {
  description = "Which events the rule takes, as JSON; null for a rule that only runs by schedule."
  type        = string
  default     = null

  validation {
    condition     = var.event_pattern == null || can(keys(jsondecode(var.event_pattern)))
    error_message = "The event pattern must be a JSON object."
  }
}

variable "schedule_expression" {
  description = "When the rule runs, as rate(1 day) or cron(0 2 * * ? *), in UTC; null for a rule that only takes events."
  type        = string
  default     = null

  validation {
    condition     = var.schedule_expression == null || can(regex("^(rate|cron)\\([^()]+\\)$", var.schedule_expression))
    error_message = "The schedule must have the form rate(1 day) or cron(0 2 * * ? *)."
  }
}

variable "description" {
  description = "What the rule is for, as the console shows it."
  type        = string
  default     = "Managed by Terraform"
  nullable    = false

  validation {
    condition     = length(var.description) <= 512
    error_message = "The description must have at most 512 characters."
  }
}

variable "event_bus_name" {
  description = "The bus on which the rule listens, when none is created."
  type        = string
  default     = "default"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z/._-]{1,256}$", var.event_bus_name))
    error_message = "The bus must be named with 1 to 256 letters, digits, slashes, dots, hyphens and underscores."
  }
}

variable "create_bus" {
  description = "Whether a bus of the rule's name is created; it takes the place of event_bus_name."
  type        = bool
  default     = false
  nullable    = false
}

variable "archive_days" {
  description = "How many days events are kept so that they can be replayed, 0 for ever; null for no archive. A bus of its own is archived whole, another as far as the pattern goes."
  type        = number
  default     = null

  validation {
    condition     = var.archive_days == null || try(var.archive_days >= 0 && floor(var.archive_days) == var.archive_days, false)
    error_message = "Events must be kept for a whole number of days; 0 keeps them for ever."
  }
}

variable "dead_letter_queue" {
  description = "Whether a queue takes the events that could not be delivered."
  type        = bool
  default     = true
  nullable    = false
}

variable "retry_attempts" {
  description = "How often a delivery is tried again."
  type        = number
  default     = 185
  nullable    = false

  validation {
    condition     = var.retry_attempts >= 0 && var.retry_attempts <= 185 && floor(var.retry_attempts) == var.retry_attempts
    error_message = "A delivery can be tried again 0 to 185 times."
  }
}

variable "retry_seconds" {
  description = "How old an event may become before its delivery is given up, in seconds."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.retry_seconds >= 60 && var.retry_seconds <= 86400
    error_message = "A delivery can be tried for 60 seconds to a day (86400)."
  }
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
