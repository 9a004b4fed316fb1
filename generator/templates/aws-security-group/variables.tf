variable "name" {
  description = "The beginning of the group's name; the rest is made up, so that it can be replaced while in use."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z._-]{1,100}$", var.name)) && !startswith(var.name, "sg-")
    error_message = "The name must have 1 to 100 letters, digits, dots, hyphens and underscores, and must not begin with sg-."
  }
}

variable "vpc_id" {
  description = "The VPC that the group belongs to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "The VPC must be an id such as vpc-0123456789abcdef0."
  }
}

variable "description" {
  description = "What the group is for. A change replaces it."
  type        = string
  default     = "Managed by Terraform."
  nullable    = false

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 255
    error_message = "The description must have 1 to 255 characters."
  }
}

variable "ingress_rules" {
  description = "What may come in, by a name of your choice: TCP unless protocol says otherwise, and exactly one of an address range, a prefix list and a security group."
  type = map(object({
    description       = string
    protocol          = optional(string, "tcp")
    from_port         = number
    to_port           = optional(number)
    cidr_ipv4         = optional(string)
    cidr_ipv6         = optional(string)
    prefix_list_id    = optional(string)
    security_group_id = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.ingress_rules : length(compact([rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id, rule.security_group_id])) == 1])
    error_message = "Each rule needs exactly one of cidr_ipv4, cidr_ipv6, prefix_list_id and security_group_id."
  }

  validation {
    condition     = alltrue([for rule in var.ingress_rules : contains(["tcp", "udp"], rule.protocol) && rule.from_port >= 0 && coalesce(rule.to_port, rule.from_port) >= rule.from_port && coalesce(rule.to_port, rule.from_port) <= 65535])
    error_message = "The protocol must be tcp or udp, and the ports 0 to 65535 with the lower one first."
  }

  validation {
    condition     = alltrue([for rule in var.ingress_rules : !try(endswith(rule.cidr_ipv4, "/0"), false) && !try(endswith(rule.cidr_ipv6, "/0"), false)])
    error_message = "A rule must not be open to the whole internet: name the port in public_ports."
  }
}

variable "public_ports" {
  description = "TCP ports that are open to the whole internet."
  type        = list(number)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for port in var.public_ports : port >= 1 && port <= 65535 && !contains([22, 3389], port)])
    error_message = "A public port must be 1 to 65535, and never SSH (22) or RDP (3389)."
  }
}

variable "egress_rules" {
  description = "What may go out, by a name of your choice: TCP unless protocol says otherwise, and exactly one of an address range, a prefix list and a security group."
  type = map(object({
    description       = string
    protocol          = optional(string, "tcp")
    from_port         = number
    to_port           = optional(number)
    cidr_ipv4         = optional(string)
    cidr_ipv6         = optional(string)
    prefix_list_id    = optional(string)
    security_group_id = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.egress_rules : length(compact([rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id, rule.security_group_id])) == 1])
    error_message = "Each rule needs exactly one of cidr_ipv4, cidr_ipv6, prefix_list_id and security_group_id."
  }

  validation {
    condition     = alltrue([for rule in var.egress_rules : contains(["tcp", "udp"], rule.protocol) && rule.from_port >= 0 && coalesce(rule.to_port, rule.from_port) >= rule.from_port && coalesce(rule.to_port, rule.from_port) <= 65535])
    error_message = "The protocol must be tcp or udp, and the ports 0 to 65535 with the lower one first."
  }
}

variable "https_egress" {
  description = "Whether HTTPS may go out to anywhere."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for the group and its rules."
  type        = map(string)
  default     = {}
  nullable    = false
}
