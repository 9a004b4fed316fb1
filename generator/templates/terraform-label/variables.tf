variable "name" {
  description = "What the thing is for, such as `orders`; the core of every name."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 100
    error_message = "The name must have 1 to 100 characters."
  }
}

variable "namespace" {
  description = "Who owns it: an organisation, a team or a product. Empty to leave it out."
  type        = string
  default     = ""
  nullable    = false
}

variable "environment" {
  description = "Where it runs, such as `prod` or `staging`. Empty to leave it out."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z-]{0,32}$", var.environment))
    error_message = "The environment may have at most 32 letters, digits and hyphens."
  }
}

variable "attributes" {
  description = "Further parts of the name, in order, such as `[\"public\", \"blue\"]`."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "delimiter" {
  description = "The text between two parts of a name: `-`, `_` or empty."
  type        = string
  default     = "-"
  nullable    = false

  validation {
    condition     = contains(["-", "_", ""], var.delimiter)
    error_message = "The delimiter must be a hyphen, an underscore or empty."
  }
}

variable "letter_case" {
  description = "The letter case of a name: `lower`, `upper` or `keep`."
  type        = string
  default     = "lower"
  nullable    = false

  validation {
    condition     = contains(["lower", "upper", "keep"], var.letter_case)
    error_message = "The letter case must be lower, upper or keep."
  }
}

variable "max_length" {
  description = "The most characters a name may have. Longer names are cut and end in a hash."
  type        = number
  default     = 63
  nullable    = false

  validation {
    condition     = var.max_length >= 8 && var.max_length <= 255 && floor(var.max_length) == var.max_length
    error_message = "The maximum length must be a whole number from 8 to 255."
  }
}

variable "tags" {
  description = "Further tags. They win over the generated tags of the same key."
  type        = map(string)
  default     = {}
  nullable    = false
}
