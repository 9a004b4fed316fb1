variable "name" {
  description = "The name of the distribution and of what belongs to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,50}$", var.name))
    error_message = "The name must have 1 to 51 letters, digits, hyphens and underscores, and begin with a letter or digit."
  }
}

variable "bucket_arn" {
  description = "The ARN of the private S3 bucket whose objects are delivered."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::[0-9a-z.-]{3,63}$", var.bucket_arn))
    error_message = "The bucket must be given by its ARN, such as arn:aws:s3:::acme-site."
  }
}

variable "bucket_domain_name" {
  description = "The regional domain name of that bucket, such as acme-site.s3.eu-central-1.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-z.-]{3,63}\\.s3[.-][0-9a-z.-]*amazonaws\\.com", var.bucket_domain_name))
    error_message = "The domain name must be the bucket's own in its region, not that of a website."
  }
}

variable "web_acl_arn" {
  description = "The ARN of the WAF web ACL, of the scope CLOUDFRONT, that guards the distribution. Null for none."
  type        = string
  default     = null

  validation {
    condition     = var.web_acl_arn == null || can(regex("^arn:[^:]+:wafv2:us-east-1:.*:global/webacl/", var.web_acl_arn))
    error_message = "The firewall must be given by the ARN of a web ACL of the scope CLOUDFRONT."
  }
}

variable "logging" {
  description = "Where access logs go: the domain name of a bucket that takes ACLs of CloudFront, and a prefix. Null for none."
  type = object({
    bucket_domain_name = string
    prefix             = optional(string, "cloudfront/")
  })
  default = null

  validation {
    condition     = var.logging == null || can(regex("\\.s3\\.([0-9a-z-]+\\.)?amazonaws\\.com", var.logging.bucket_domain_name))
    error_message = "The bucket of the logs must be given by its domain name, such as acme-logs.s3.amazonaws.com."
  }
}

variable "aliases" {
  description = "Domains of your own under which the distribution answers. They need certificate_arn."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.aliases : can(regex("^(\\*\\.)?([0-9a-z_-]+\\.)+[0-9a-z-]+$", one))])
    error_message = "Every alias must be a domain in small letters; *. may stand at its beginning."
  }
}

variable "certificate_arn" {
  description = "The ARN of the ACM certificate, in us-east-1, that covers the aliases. Null without aliases."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[^:]+:acm:us-east-1:", var.certificate_arn))
    error_message = "CloudFront takes certificates of ACM in us-east-1 only: give the ARN of one."
  }
}

variable "default_root_object" {
  description = "The object that answers for the domain itself."
  type        = string
  default     = "index.html"
  nullable    = false

  validation {
    condition     = can(regex("^[^/].{0,254}$", var.default_root_object))
    error_message = "The default root object must be the key of an object, without a slash at its beginning."
  }
}

variable "single_page_application" {
  description = "Whether paths that are no objects are answered with the default root object."
  type        = bool
  default     = false
  nullable    = false
}

variable "price_class" {
  description = "Which edge locations are used: PriceClass_100 for the cheapest, PriceClass_200 for more, PriceClass_All for all."
  type        = string
  default     = "PriceClass_All"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "The price class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "allowed_countries" {
  description = "The two-letter codes of the countries that are served. Empty for all."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.allowed_countries : can(regex("^[A-Z]{2}$", one))])
    error_message = "Every country must be given by its code of two capital letters, such as DE."
  }
}

variable "security_headers" {
  description = "Whether answers carry headers that make browsers careful: HSTS, no sniffing, no framing, a short referrer."
  type        = bool
  default     = true
  nullable    = false
}

variable "content_security_policy" {
  description = "The Content-Security-Policy that answers carry beside the security headers. Empty for none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.content_security_policy == "" || can(regex("-src|frame-ancestors|sandbox|upgrade-insecure-requests", var.content_security_policy))
    error_message = "The content security policy must have a directive, such as default-src 'self'."
  }
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}
