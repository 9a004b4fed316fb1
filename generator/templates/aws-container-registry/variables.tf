variable "name" {
  description = "The name of the repository; slashes make namespaces."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 2 && length(var.name) <= 256 && can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name))
    error_message = "The name must have 2 to 256 lower-case letters, digits, and single dots, hyphens, underscores and slashes between them."
  }
}

variable "immutable_tags" {
  description = "Whether a tag stays with the image that it was pushed with."
  type        = bool
  default     = true
  nullable    = false
}

variable "expire_untagged_days" {
  description = "After how many days images without a tag are removed."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.expire_untagged_days >= 1 && floor(var.expire_untagged_days) == var.expire_untagged_days
    error_message = "Untagged images must be kept for a whole number of days, at least 1."
  }
}

variable "keep_images" {
  description = "How many images are kept, tagged or not, the newest ones; null keeps all that have a tag."
  type        = number
  default     = null

  validation {
    condition     = var.keep_images == null || try(var.keep_images >= 1 && floor(var.keep_images) == var.keep_images, false)
    error_message = "The number of images to keep must be whole, and at least 1."
  }
}

variable "customer_key" {
  description = "Whether a KMS key is created for the images; it takes the place of kms_key_arn. A repository cannot change its key later."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of a KMS key that encrypts the images; null for the key that AWS manages for ECR."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "The KMS key must be the ARN of a key."
  }
}

variable "reader_account_ids" {
  description = "Other AWS accounts whose own IAM policies may allow pulling."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.reader_account_ids : can(regex("^[0-9]{12}$", account))])
    error_message = "Each account must be a number of 12 digits; everybody is not offered."
  }
}

variable "replication_regions" {
  description = "Regions to which images are replicated, in the same account. The registry's replication configuration is taken over."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.replication_regions) <= 25 && alltrue([for region in var.replication_regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "Each region must be named as us-west-2 is, and there may be 25 at most."
  }
}

variable "force_delete" {
  description = "Whether the repository may be destroyed while it holds images."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for the repository and its key."
  type        = map(string)
  default     = {}
  nullable    = false
}
