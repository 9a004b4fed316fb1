variable "name" {
  description = "The name of the database's instance, and of what is made for it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([0-9a-z]|-[0-9a-z]){0,39}$", var.name)) && length(var.name) <= 40
    error_message = "The name must have 1 to 40 small letters, digits and single hyphens, and begin with a letter."
  }
}

variable "vpc_id" {
  description = "The VPC in which the database lies."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "The VPC must be given by its id, which begins with vpc-."
  }
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "Two subnets or more are needed, by their ids, which begin with subnet-."
  }
}

variable "clients" {
  description = "Security groups whose members may connect, by a name of your choice. Nobody else may."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.clients) : startswith(id, "sg-")])
    error_message = "Each client must be the id of a security group, which begins with sg-."
  }
}

variable "engine" {
  description = "postgres, mysql or mariadb. A database cannot change it later."
  type        = string
  default     = "postgres"
  nullable    = false

  validation {
    condition     = contains(["postgres", "mysql", "mariadb"], var.engine)
    error_message = "The engine must be postgres, mysql or mariadb."
  }
}

variable "engine_version" {
  description = "The version of the engine, such as 17 of PostgreSQL or 8.4 of MySQL; null for the one that this module knows as the newest."
  type        = string
  default     = null

  validation {
    condition     = var.engine_version == null || can(regex("^[0-9]+(\\.[0-9]+){0,2}$", var.engine_version))
    error_message = "The version must be numbers with dots, such as 17 or 8.4."
  }
}

variable "allow_major_version_upgrade" {
  description = "Whether another major version may be given."
  type        = bool
  default     = false
  nullable    = false
}

variable "instance_class" {
  description = "How large the instance is."
  type        = string
  default     = "db.t4g.medium"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[0-9a-z-]+\\.[0-9a-z]+$", var.instance_class))
    error_message = "The class must have the form db.t4g.medium."
  }
}

variable "allocated_storage" {
  description = "How much storage there is at first, in GiB."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.allocated_storage >= 20 && var.allocated_storage <= 65536 && floor(var.allocated_storage) == var.allocated_storage
    error_message = "The storage must be 20 to 65536 GiB."
  }
}

variable "max_allocated_storage" {
  description = "How far the storage may grow by itself, in GiB; 0 for not at all, null for twice what there is at first."
  type        = number
  default     = null

  validation {
    condition     = var.max_allocated_storage == null || try(var.max_allocated_storage == 0 || (var.max_allocated_storage >= 22 && var.max_allocated_storage <= 65536), false)
    error_message = "The storage may grow to 22 to 65536 GiB; 0 for not at all."
  }
}

variable "multi_az" {
  description = "Whether a second instance stands by in another zone."
  type        = bool
  default     = true
  nullable    = false
}

variable "database_name" {
  description = "A database that is created in the instance; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.database_name == null || can(regex("^[A-Za-z][0-9A-Za-z_]{0,62}$", var.database_name))
    error_message = "The database must be named with 1 to 63 letters, digits and underscores, and begin with a letter."
  }
}

variable "username" {
  description = "The master user, whose password RDS makes and keeps in Secrets Manager."
  type        = string
  default     = "dbadmin"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][0-9A-Za-z_]{0,15}$", var.username)) && !contains(["admin", "postgres", "root", "rdsadmin", "user"], lower(var.username))
    error_message = "The user must have 1 to 16 letters, digits and underscores, begin with a letter, and be no name that is taken."
  }
}

variable "iam_authentication" {
  description = "Whether users may log in with IAM instead of a password."
  type        = bool
  default     = true
  nullable    = false
}

variable "backup_retention_days" {
  description = "How many days backups are kept, in which the database can be set back to any second."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35 && floor(var.backup_retention_days) == var.backup_retention_days
    error_message = "Backups can be kept for 1 to 35 days; without any, a mistake is final."
  }
}

variable "backup_window" {
  description = "When backups are made, as 01:00-02:00 in UTC; null for a time that RDS chooses."
  type        = string
  default     = null

  validation {
    condition     = var.backup_window == null || can(regex("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", var.backup_window))
    error_message = "The window must have the form 01:00-02:00."
  }
}

variable "maintenance_window" {
  description = "When the instance may be changed, as sun:03:00-sun:04:00 in UTC; null for a time that RDS chooses."
  type        = string
  default     = null

  validation {
    condition     = var.maintenance_window == null || can(regex("^[a-z]{3}:[0-9]{2}:[0-9]{2}-[a-z]{3}:[0-9]{2}:[0-9]{2}$", var.maintenance_window))
    error_message = "The window must have the form sun:03:00-sun:04:00."
  }
}

variable "apply_immediately" {
  description = "Whether changes are made at once, even if the database stops for them, instead of in the maintenance window."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database."
  type        = bool
  default     = true
  nullable    = false
}

variable "skip_final_snapshot" {
  description = "Whether a deleted database leaves no snapshot behind."
  type        = bool
  default     = false
  nullable    = false
}

variable "parameters" {
  description = "Further parameters of the engine, by name. What forces TLS cannot be switched off."
  type = map(object({
    value        = string
    apply_method = optional(string, "immediate")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, parameter in var.parameters : !contains(["rds.force_ssl", "require_secure_transport"], name) && contains(["immediate", "pending-reboot"], parameter.apply_method)])
    error_message = "A parameter applies immediate or pending-reboot; those that force TLS belong to the module."
  }
}

variable "customer_key" {
  description = "Whether a KMS key is created for the database; it takes the place of kms_key_arn. A database cannot change its key later."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "The ARN of a KMS key that encrypts the database, its password and Performance Insights; null for the keys that AWS manages."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "The KMS key must be the ARN of a key."
  }
}

variable "performance_insights" {
  description = "Whether Performance Insights are kept for a week. Micro and small classes of MySQL and MariaDB have none."
  type        = bool
  default     = true
  nullable    = false
}

variable "monitoring_interval_seconds" {
  description = "How often the operating system is looked at, in seconds; 0 for never."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval_seconds)
    error_message = "The interval must be 0, 1, 5, 10, 15, 30 or 60 seconds."
  }
}

variable "export_logs" {
  description = "Whether the logs of the engine go to CloudWatch."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the logs, in days."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
