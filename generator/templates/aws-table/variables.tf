variable "name" {
  description = "The name of the table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{3,255}$", var.name))
    error_message = "The name must have 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "hash_key" {
  description = "The attribute that says where an item lies; its type is S (text), N (number) or B (bytes). A table cannot change it later."
  type = object({
    name = string
    type = optional(string, "S")
  })
  nullable = false

  validation {
    condition     = length(var.hash_key.name) >= 1 && length(var.hash_key.name) <= 255 && contains(["S", "N", "B"], var.hash_key.type)
    error_message = "A key needs a name of 1 to 255 characters and the type S, N or B."
  }
}

variable "range_key" {
  description = "The attribute that orders items with the same hash key; null for none. A table cannot change it later."
  type = object({
    name = string
    type = optional(string, "S")
  })
  default = null

  validation {
    condition     = var.range_key == null || try(length(var.range_key.name) >= 1 && length(var.range_key.name) <= 255 && contains(["S", "N", "B"], var.range_key.type), false)
    error_message = "A key needs a name of 1 to 255 characters and the type S, N or B."
  }
}

variable "global_secondary_indexes" {
  description = "Indexes with keys of their own, by name. Capacities count for a provisioned table only; null takes the table's maximum, so that no index slows the table down."
  type = map(object({
    hash_key = object({
      name = string
      type = optional(string, "S")
    })
    range_key = optional(object({
      name = string
      type = optional(string, "S")
    }))
    projection         = optional(string, "ALL")
    non_key_attributes = optional(list(string), [])
    read_capacity      = optional(number)
    write_capacity     = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.global_secondary_indexes) <= 20 && alltrue([for name in keys(var.global_secondary_indexes) : can(regex("^[0-9A-Za-z_.-]{3,255}$", name))])
    error_message = "A table has at most 20 global indexes, each with a name of 3 to 255 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for index in values(var.global_secondary_indexes) : contains(["ALL", "KEYS_ONLY", "INCLUDE"], index.projection) && (index.projection == "INCLUDE") == (length(index.non_key_attributes) > 0)])
    error_message = "The projection must be ALL, KEYS_ONLY or INCLUDE; only INCLUDE names non_key_attributes."
  }
}

variable "local_secondary_indexes" {
  description = "Indexes that order the items of one hash key otherwise, by name. A table cannot change them later."
  type = map(object({
    range_key = object({
      name = string
      type = optional(string, "S")
    })
    projection         = optional(string, "ALL")
    non_key_attributes = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.local_secondary_indexes) <= 5 && alltrue([for name in keys(var.local_secondary_indexes) : can(regex("^[0-9A-Za-z_.-]{3,255}$", name))])
    error_message = "A table has at most 5 local indexes, each with a name of 3 to 255 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for index in values(var.local_secondary_indexes) : contains(["ALL", "KEYS_ONLY", "INCLUDE"], index.projection) && (index.projection == "INCLUDE") == (length(index.non_key_attributes) > 0)])
    error_message = "The projection must be ALL, KEYS_ONLY or INCLUDE; only INCLUDE names non_key_attributes."
  }
}

variable "provisioned" {
  description = "Whether the table has a capacity that follows its load, instead of being paid by request."
  type        = bool
  default     = false
  nullable    = false
}

variable "min_capacity" {
  description = "The least capacity of a provisioned table, in units, for reads and writes each; it starts with it."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.min_capacity >= 1 && var.min_capacity <= 40000 && floor(var.min_capacity) == var.min_capacity
    error_message = "The least capacity must be a whole number from 1 to 40000."
  }
}

variable "max_capacity" {
  description = "The largest capacity of a provisioned table, in units, for reads and writes each; as much as min_capacity for one that never changes."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.max_capacity >= 1 && var.max_capacity <= 40000 && floor(var.max_capacity) == var.max_capacity
    error_message = "The largest capacity must be a whole number from 1 to 40000."
  }
}

variable "write_capacity" {
  description = "Another range of capacity for writes than for reads; null for the same."
  type = object({
    min = number
    max = number
  })
  default = null

  validation {
    condition     = var.write_capacity == null || try(var.write_capacity.min >= 1 && var.write_capacity.min <= var.write_capacity.max && var.write_capacity.max <= 40000, false)
    error_message = "The capacity for writes must go from 1 or more to 40000 or less."
  }
}

variable "target_utilization" {
  description = "How much of its capacity a provisioned table should use, in per cent."
  type        = number
  default     = 70
  nullable    = false

  validation {
    condition     = var.target_utilization >= 20 && var.target_utilization <= 90
    error_message = "The target must be 20 to 90 per cent."
  }
}

variable "ttl_attribute" {
  description = "The attribute that says when an item expires, in seconds since 1970; null when nothing expires."
  type        = string
  default     = null

  validation {
    condition     = var.ttl_attribute == null || try(length(var.ttl_attribute) >= 1 && length(var.ttl_attribute) <= 255, false)
    error_message = "The attribute must have a name of 1 to 255 characters; null when nothing expires."
  }
}

variable "stream_view_type" {
  description = "What the stream tells of a change: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES; null for no stream."
  type        = string
  default     = null

  validation {
    condition     = var.stream_view_type == null || try(contains(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"], var.stream_view_type), false)
    error_message = "The stream must tell KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES."
  }
}

variable "replicas" {
  description = "Regions in which the table is written and read too. Where the table has a customer key, each needs the ARN of one in its region."
  type = map(object({
    kms_key_arn = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for region, replica in var.replicas : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region)) && (replica.kms_key_arn == null || try(strcontains(replica.kms_key_arn, ":kms:${region}:"), false))])
    error_message = "Each replica must be named as us-west-2 is, and its key must lie in its region."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be set back to any second of the last 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table."
  type        = bool
  default     = true
  nullable    = false
}

variable "table_class" {
  description = "STANDARD, or STANDARD_INFREQUENT_ACCESS for what is stored long and seldom read."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "STANDARD_INFREQUENT_ACCESS"], var.table_class)
    error_message = "The class must be STANDARD or STANDARD_INFREQUENT_ACCESS."
  }
}

variable "customer_key" {
  description = "Whether a KMS key is created for the table; it takes the place of kms_key_arn."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of a KMS key that encrypts the table; null for the key that AWS manages for DynamoDB."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "The KMS key must be the ARN of a key."
  }
}

variable "tags" {
  description = "Tags for the table, its replicas and its key."
  type        = map(string)
  default     = {}
  nullable    = false
}
