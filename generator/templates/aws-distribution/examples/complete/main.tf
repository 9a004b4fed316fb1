# A single-page application under its own domain, behind a firewall, from a bucket that is there already.

provider "aws" {
  region = "us-east-1"
}

data "aws_s3_bucket" "site" {
  bucket = "acme-example-site"
}

module "distribution" {
  source = "../../"

  name               = "site"
  bucket_arn         = data.aws_s3_bucket.site.arn
  bucket_domain_name = data.aws_s3_bucket.site.bucket_regional_domain_name

  aliases                 = ["www.example.org"]
  certificate_arn         = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  single_page_application = true
  price_class             = "PriceClass_100"
  logging                 = { bucket_domain_name = "acme-example-logs.s3.amazonaws.com" }

  web_acl_arn             = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/acme/00000000-0000-0000-0000-000000000000"
  security_headers        = true
  content_security_policy = "default-src 'self'"

  tags = {
    Environment = "example"
  }
}

resource "aws_s3_bucket_policy" "site" {
  bucket = data.aws_s3_bucket.site.id
  policy = module.distribution.bucket_policy
}

output "domain_name" {
  description = "The name to which an alias record leads."
  value       = module.distribution.domain_name
}

output "hosted_zone_id" {
  description = "The zone id of that name."
  value       = module.distribution.hosted_zone_id
}
