variable "name" {
  description = "The name of the VPC and the start of the names of everything in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,39}$", var.name))
    error_message = "The name must have 1 to 40 letters, digits, hyphens and underscores, and begin with a letter or digit."
  }
}

variable "cidr_block" {
  description = "The IPv4 range of the VPC."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && try(tonumber(split("/", var.cidr_block)[1]) >= 16 && tonumber(split("/", var.cidr_block)[1]) <= 24, false)
    error_message = "The range must be an IPv4 block from /16 to /24, such as 10.0.0.0/16."
  }
}

variable "zone_count" {
  description = "In how many availability zones subnets lie."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.zone_count >= 1 && var.zone_count <= 8 && floor(var.zone_count) == var.zone_count
    error_message = "The number of zones must be a whole number from 1 to 8."
  }
}

variable "subnet_bits" {
  description = "By how many bits a subnet is smaller than the VPC: 4 makes 16 subnets, 8 private and 8 public."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.subnet_bits >= 1 && var.subnet_bits <= 8 && floor(var.subnet_bits) == var.subnet_bits
    error_message = "The subnet bits must be a whole number from 1 to 8."
  }
}

variable "public_subnets" {
  description = "Whether there are public subnets and an internet gateway."
  type        = bool
  default     = true
  nullable    = false
}

variable "nat_gateways" {
  description = "How private subnets reach the internet: `none`, `one` gateway for all zones, or one `per_zone`."
  type        = string
  default     = "one"
  nullable    = false

  validation {
    condition     = contains(["none", "one", "per_zone"], var.nat_gateways)
    error_message = "The NAT gateways must be none, one or per_zone."
  }
}

variable "flow_logs" {
  description = "Whether the traffic of the VPC is logged to CloudWatch."
  type        = bool
  default     = false
  nullable    = false
}

variable "flow_logs_retention_days" {
  description = "How many days flow logs are kept; one of the numbers that CloudWatch knows."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_logs_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days, or for certain numbers above."
  }
}

variable "flow_logs_kms_key_arn" {
  description = "The KMS key that encrypts flow logs. Null takes the encryption of CloudWatch itself."
  type        = string
  default     = null

  validation {
    condition     = var.flow_logs_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.flow_logs_kms_key_arn))
    error_message = "The KMS key must be given as an ARN that begins with arn:<partition>:kms:."
  }
}

variable "public_subnet_tags" {
  description = "Further tags for public subnets, such as those that load balancers look for."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "private_subnet_tags" {
  description = "Further tags for private subnets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
