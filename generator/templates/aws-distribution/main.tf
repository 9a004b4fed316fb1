data "aws_cloudfront_cache_policy" "optimized" {
  name = "Managed-CachingOptimized"
}

locals {
  origin = "bucket"

  # Without a certificate of its own the distribution answers only to its name under cloudfront.net.
  own_certificate = length(var.aliases) > 0
}

resource "aws_cloudfront_origin_access_control" "bucket" {
  name                              = var.name
  description                       = "Signs what the distribution ${var.name} asks of its bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "this" {
  enabled             = true
  comment             = var.name
  aliases             = var.aliases
  default_root_object = var.default_root_object
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  web_acl_id          = var.web_acl_arn

  origin {
    origin_id                = local.origin
    domain_name              = var.bucket_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.bucket.id
  }

  default_cache_behavior {
    target_origin_id           = local.origin
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized.id
    compress                   = true
    response_headers_policy_id = one(aws_cloudfront_response_headers_policy.security[*].id)
    viewer_protocol_policy     = "redirect-to-https"
  }

  # S3 answers 403 for what is not there, unless whoever asks may list the bucket.
  dynamic "custom_error_response" {
    for_each = var.single_page_application ? toset([403, 404]) : toset([])

    content {
      error_code            = custom_error_response.value
      response_code         = 200
      response_page_path    = "/${var.default_root_object}"
      error_caching_min_ttl = 10
    }
  }

  dynamic "logging_config" {
    for_each = var.logging == null ? [] : [var.logging]

    content {
      bucket          = logging_config.value.bucket_domain_name
      prefix          = logging_config.value.prefix
      include_cookies = false
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = length(var.allowed_countries) == 0 ? "none" : "whitelist"
      locations        = var.allowed_countries
    }
  }

  viewer_certificate {
    acm_certificate_arn            = local.own_certificate ? var.certificate_arn : null
    cloudfront_default_certificate = !local.own_certificate
    minimum_protocol_version       = local.own_certificate ? "TLSv1.2_2021" : "TLSv1"
    ssl_support_method             = local.own_certificate ? "sni-only" : null
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = !local.own_certificate || var.certificate_arn != null
      error_message = "Domains of your own need a certificate that covers them: set certificate_arn."
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "security" {
  count = var.security_headers ? 1 : 0

  name    = "${var.name}-security"
  comment = "What browsers must mind at the distribution ${var.name}."

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }

    dynamic "content_security_policy" {
      for_each = var.content_security_policy == "" ? [] : [var.content_security_policy]

      content {
        content_security_policy = content_security_policy.value
        override                = true
      }
    }
  }
}

# For the bucket's policy: this distribution may read, nobody else.
data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "ReadByDistribution"
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }
}
