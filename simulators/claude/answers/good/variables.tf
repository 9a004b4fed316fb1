variable "services" {
  description = "The services by name, each with its owner and its tier: gold, silver or bronze."
  type = map(object({
    owner = string
    tier  = optional(string, "bronze")
  }))
  nullable = false

  validation {
    condition     = alltrue([for service in values(var.services) : contains(["gold", "silver", "bronze"], service.tier)])
    error_message = "A tier must be gold, silver or bronze."
  }
}
