variable "name" {
  description = "The name of the service and of what belongs to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z]([0-9A-Za-z-]{0,25}[0-9A-Za-z])?$", var.name))
    error_message = "The name must have 1 to 27 letters, digits and hyphens, with none at either end."
  }
}

variable "cluster_arn" {
  description = "The ARN of the ECS cluster that runs the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[^:]+:ecs:[^:]+:[^:]*:cluster/", var.cluster_arn))
    error_message = "The cluster must be given by its ARN."
  }
}

variable "image" {
  description = "The container image with its tag or, better, its digest."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^\\s]+[:@][^\\s/]+$", var.image)) && !endswith(var.image, ":latest")
    error_message = "The image must name a tag or a digest, and not the tag latest, which means another image tomorrow."
  }
}

variable "vpc_id" {
  description = "The id of the VPC that the tasks run in."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "The VPC must be given by its id, which begins with vpc-."
  }
}

variable "subnet_ids" {
  description = "The ids of the private subnets that the tasks run in, with a way to ECR and CloudWatch."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "Name at least one subnet, by its id, which begins with subnet-."
  }
}

variable "load_balancer" {
  description = "The load balancer in front of the service: its subnets, certificate, and who may reach it. Null for none."
  type = object({
    subnet_ids           = list(string)
    certificate_arn      = string
    allowed_cidr_blocks  = list(string)
    internal             = optional(bool, true)
    health_check_path    = optional(string, "/")
    grace_period_seconds = optional(number, 60)
    deletion_protection  = optional(bool, true)
    access_logs_bucket   = optional(string)
  })
  default = null

  validation {
    condition     = var.load_balancer == null || try(length(var.load_balancer.subnet_ids) >= 2, false)
    error_message = "A load balancer needs subnets in two zones at least."
  }

  validation {
    condition     = var.load_balancer == null || can(regex("^arn:[^:]+:(acm|iam):", var.load_balancer.certificate_arn))
    error_message = "The certificate must be given by its ARN: the load balancer speaks HTTPS only."
  }

  validation {
    condition     = var.load_balancer == null || try(alltrue([for one in var.load_balancer.allowed_cidr_blocks : can(cidrnetmask(one))]), false)
    error_message = "Who may reach the load balancer must be given as IPv4 CIDR blocks, such as 10.0.0.0/8."
  }
}

variable "secret_arns" {
  description = "Environment variables whose values are secret: the name, and the ARN of a secret of Secrets Manager or of an SSM parameter."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.secret_arns) : can(regex("^arn:[^:]+:(secretsmanager|ssm):", arn))])
    error_message = "Every secret must be given by the ARN of a secret or of a parameter, never by its value."
  }
}

variable "discovery_namespace_id" {
  description = "The id of the Cloud Map namespace in which other services find this one. Null for none."
  type        = string
  default     = null

  validation {
    condition     = var.discovery_namespace_id == null || can(regex("^ns-", var.discovery_namespace_id))
    error_message = "The namespace must be given by its id, which begins with ns-."
  }
}

variable "container_port" {
  description = "The port that the container listens on. Null for a worker that nobody calls."
  type        = number
  default     = null

  validation {
    condition     = var.container_port == null || try(var.container_port >= 1 && var.container_port <= 65535, false)
    error_message = "The port must be 1 to 65535."
  }
}

variable "command" {
  description = "The command that replaces that of the image. Empty for the image's own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "environment" {
  description = "Environment variables of the container. What is secret belongs into secret_arns."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "secrets_kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the secrets. Null where AWS manages that key."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_kms_key_arn == null || can(regex("^arn:[^:]+:kms:", var.secrets_kms_key_arn))
    error_message = "The KMS key of the secrets must be given by its ARN."
  }
}

variable "cpu" {
  description = "The CPU of a task, in units of 1/1024 of a core."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "Fargate takes 256, 512, 1024, 2048, 4096, 8192 or 16384 units."
  }
}

variable "memory" {
  description = "The memory of a task, in MiB; which sizes there are depends on the CPU."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory >= 512 && var.memory <= 122880
    error_message = "Fargate takes 512 to 122880 MiB."
  }
}

variable "cpu_architecture" {
  description = "The architecture that the image is built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "The architecture must be X86_64 or ARM64."
  }
}

variable "desired_count" {
  description = "How many tasks run."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.desired_count >= 0 && var.desired_count <= 5000 && floor(var.desired_count) == var.desired_count
    error_message = "The count must be a whole number from 0 to 5000."
  }
}

variable "read_only_root" {
  description = "Whether the container's own file system is read-only."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the logs are kept, in days."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "log_kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the logs. Null takes the keys that CloudWatch manages."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[^:]+:kms:", var.log_kms_key_arn))
    error_message = "The KMS key of the logs must be given by its ARN."
  }
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
