variable "name" {
  description = "The domain of the zone, such as example.org, without a dot at its end."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([0-9a-z_]([0-9a-z_-]{0,61}[0-9a-z_])?\\.)+[a-z][0-9a-z-]{0,61}[0-9a-z]$", var.name)) && length(var.name) <= 253
    error_message = "The name must be a domain in small letters, such as example.org, without a dot at its end."
  }
}

variable "health_checks" {
  description = "Health checks by a key of your choice, which records name: what is called, how, and after how many failures in a row it counts as down."
  type = map(object({
    fqdn              = string
    type              = optional(string, "HTTPS")
    port              = optional(number, 443)
    path              = optional(string, "/")
    failure_threshold = optional(number, 3)
    interval_seconds  = optional(number, 30)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for one in values(var.health_checks) : contains(["HTTP", "HTTPS", "TCP"], one.type)])
    error_message = "The type of every health check must be HTTP, HTTPS or TCP."
  }

  validation {
    condition     = alltrue([for one in values(var.health_checks) : one.port >= 1 && one.port <= 65535 && startswith(one.path, "/")])
    error_message = "Every health check needs a port from 1 to 65535 and a path that begins with a slash."
  }

  validation {
    condition     = alltrue([for one in values(var.health_checks) : one.failure_threshold >= 1 && one.failure_threshold <= 10 && contains([10, 30], one.interval_seconds)])
    error_message = "A health check runs every 10 or 30 seconds and fails after 1 to 10 failures."
  }
}

variable "records" {
  description = "Records by a key of your choice. name is the part before the domain, empty for the domain itself; health_check is a key of health_checks; a record has either values or an alias."
  type = map(object({
    name   = optional(string, "")
    type   = string
    ttl    = optional(number, 300)
    values = optional(list(string), [])
    alias = optional(object({
      name                   = string
      zone_id                = string
      evaluate_target_health = optional(bool, true)
    }))
    failover     = optional(string)
    health_check = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for one in values(var.records) : contains(["A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"], one.type)])
    error_message = "The type of every record must be one that Route 53 knows, in capital letters."
  }

  validation {
    condition     = alltrue([for one in values(var.records) : (length(one.values) > 0) != (one.alias != null)])
    error_message = "Every record must have either values or an alias."
  }

  validation {
    condition     = alltrue([for one in values(var.records) : one.ttl >= 0 && one.ttl <= 2147483647])
    error_message = "The ttl of every record must be 0 to 2147483647 seconds."
  }

  validation {
    condition     = alltrue([for one in values(var.records) : contains(["PRIMARY", "SECONDARY"], coalesce(one.failover, "PRIMARY"))])
    error_message = "The failover of a record must be PRIMARY, SECONDARY or null."
  }
}

variable "vpcs" {
  description = "The VPCs that a private zone answers, by a name of your choice; region is null for that of the provider. Empty for a public zone."
  type = map(object({
    vpc_id = string
    region = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for vpc in values(var.vpcs) : startswith(vpc.vpc_id, "vpc-")])
    error_message = "Every VPC must be given by its id, which begins with vpc-."
  }
}

variable "comment" {
  description = "What the zone is for, as the console shows it."
  type        = string
  default     = "Managed by Terraform"
  nullable    = false

  validation {
    condition     = length(var.comment) <= 256
    error_message = "The comment must have at most 256 characters."
  }
}

variable "force_destroy" {
  description = "Whether destroying the zone takes along the records that others made in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "dnssec" {
  description = "Whether the zone is signed. It becomes effective when the output ds_record stands in the parent zone."
  type        = bool
  default     = false
  nullable    = false
}

variable "query_logging" {
  description = "Whether every query is logged to CloudWatch."
  type        = bool
  default     = false
  nullable    = false
}

variable "query_log_retention_days" {
  description = "How long logged queries are kept, in days."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.query_log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "query_log_kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the logged queries. Null takes the keys that CloudWatch manages."
  type        = string
  default     = null

  validation {
    condition     = var.query_log_kms_key_arn == null || can(regex("^arn:[^:]+:kms:", var.query_log_kms_key_arn))
    error_message = "The KMS key of the logs must be given by its ARN."
  }
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
