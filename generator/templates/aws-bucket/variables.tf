variable "name" {
  description = "The name of the bucket; unique in all of AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name)) && !can(regex("[.][.]|^xn--|-s3alias$", var.name))
    error_message = "The name must have 3 to 63 lower-case letters, digits, dots and hyphens, as S3 demands."
  }
}

variable "versioning" {
  description = "Whether the bucket keeps old versions of its objects."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption_algorithm" {
  description = "How objects are encrypted: `AES256` with keys that S3 manages, or `aws:kms`."
  type        = string
  default     = "AES256"
  nullable    = false

  validation {
    condition     = contains(["AES256", "aws:kms"], var.encryption_algorithm)
    error_message = "The encryption algorithm must be AES256 or aws:kms."
  }
}

variable "kms_key_arn" {
  description = "The KMS key for `aws:kms`. Null takes the key that AWS manages."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "The KMS key must be given as an ARN that begins with arn:<partition>:kms:."
  }
}

variable "policy" {
  description = "A further bucket policy as JSON, merged with the statements that refuse plain HTTP and old TLS."
  type        = string
  default     = null

  validation {
    condition     = var.policy == null || can(jsondecode(var.policy))
    error_message = "The policy must be valid JSON."
  }
}

variable "expire_after_days" {
  description = "Days after which every object expires, old versions included. Null keeps objects for ever."
  type        = number
  default     = null

  validation {
    condition     = var.expire_after_days == null || try(var.expire_after_days >= 1 && floor(var.expire_after_days) == var.expire_after_days, false)
    error_message = "Objects may expire after a whole number of days, 1 or more."
  }
}

variable "lifecycle_rules" {
  description = "Further lifecycle rules by name: a prefix, transitions as storage class to days, and days until expiry."
  type = map(object({
    prefix                       = optional(string, "")
    transitions                  = optional(map(number), {})
    expire_after_days            = optional(number)
    noncurrent_expire_after_days = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for rule in values(var.lifecycle_rules) :
      length(rule.transitions) > 0 || rule.expire_after_days != null || rule.noncurrent_expire_after_days != null
    ])
    error_message = "A lifecycle rule must have a transition or an expiry."
  }
}

variable "logging" {
  description = "Where access logs go: the name of a bucket, and a prefix. Null writes none."
  type = object({
    bucket = string
    prefix = optional(string, "")
  })
  default = null
}

variable "replication" {
  description = "The versioned bucket that receives a copy of every object. Null replicates nothing."
  type = object({
    destination_bucket_arn  = string
    destination_kms_key_arn = optional(string)
    prefix                  = optional(string, "")
    storage_class           = optional(string)
    delete_markers          = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.replication == null || can(regex("^arn:[a-z-]+:s3:::", var.replication.destination_bucket_arn))
    error_message = "The destination must be the ARN of a bucket."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys the objects in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
