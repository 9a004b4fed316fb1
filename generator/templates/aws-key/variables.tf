variable "name" {
  description = "The alias by which the key is found, without alias/."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/") && !startswith(var.name, "alias/")
    error_message = "The name must have 1 to 250 letters, digits, slashes, hyphens and underscores; alias/ is added, and aws/ belongs to AWS."
  }
}

variable "description" {
  description = "What the key is for; null for a sentence with its name."
  type        = string
  default     = null

  validation {
    condition     = var.description == null || try(length(var.description) <= 8192, false)
    error_message = "The description must have at most 8192 characters."
  }
}

variable "key_spec" {
  description = "What kind of key it is: SYMMETRIC_DEFAULT, or an RSA, ECC or HMAC one. A key cannot change this later."
  type        = string
  default     = "SYMMETRIC_DEFAULT"
  nullable    = false

  validation {
    condition     = can(regex("^(SYMMETRIC_DEFAULT|RSA_(2048|3072|4096)|ECC_NIST_P(256|384|521)|ECC_SECG_P256K1|HMAC_(224|256|384|512))$", var.key_spec))
    error_message = "The kind of key must be SYMMETRIC_DEFAULT, or RSA_2048, ECC_NIST_P256, HMAC_256 and their like."
  }
}

variable "key_usage" {
  description = "What an RSA key is for: ENCRYPT_DECRYPT or SIGN_VERIFY. The others have one use each: symmetric keys encrypt, ECC keys sign, HMAC keys authenticate."
  type        = string
  default     = "ENCRYPT_DECRYPT"
  nullable    = false

  validation {
    condition     = contains(["ENCRYPT_DECRYPT", "SIGN_VERIFY"], var.key_usage)
    error_message = "The use must be ENCRYPT_DECRYPT or SIGN_VERIFY."
  }
}

variable "rotation" {
  description = "Whether a symmetric key gets new material by itself; what the old one encrypted can still be read. Other keys cannot rotate."
  type        = bool
  default     = true
  nullable    = false
}

variable "rotation_days" {
  description = "How many days pass between two rotations."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.rotation_days >= 90 && var.rotation_days <= 2560 && floor(var.rotation_days) == var.rotation_days
    error_message = "The days between rotations must be a whole number from 90 to 2560."
  }
}

variable "multi_region" {
  description = "Whether the key may have replicas in other regions, with the same id and material. A key cannot change this later."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_window_days" {
  description = "How many days a deleted key can still be rescued."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30 && floor(var.deletion_window_days) == var.deletion_window_days
    error_message = "The days until deletion must be a whole number from 7 to 30."
  }
}

variable "administrator_arns" {
  description = "Roles and users that may govern the key but not use it, besides whom the account's IAM policies allow."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.administrator_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Each administrator must be the ARN of a role or a user, without wildcards."
  }
}

variable "user_arns" {
  description = "Roles, users and other accounts (arn:aws:iam::ACCOUNT:root) that may use the key, also through AWS services."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.user_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/[^*]+)$", arn))])
    error_message = "Each user must be the ARN of a role, a user or an account, without wildcards."
  }
}

variable "services" {
  description = "AWS services that may use the key for this account, such as cloudwatch.amazonaws.com; logs.amazonaws.com stands for CloudWatch Logs in the key's region."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)*\\.amazonaws\\.com$", service))]) && length(distinct(var.services)) == length(var.services)
    error_message = "Each service must be a service principal such as cloudwatch.amazonaws.com, named once."
  }
}

variable "tags" {
  description = "Tags for the key."
  type        = map(string)
  default     = {}
  nullable    = false
}
