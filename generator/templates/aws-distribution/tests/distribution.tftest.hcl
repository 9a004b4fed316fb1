mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                    = "site"
  bucket_arn              = "arn:aws:s3:::acme-site"
  bucket_domain_name      = "acme-site.s3.eu-central-1.amazonaws.com"
  logging                 = null
  single_page_application = false
  price_class             = "PriceClass_All"
  security_headers        = true
  content_security_policy = ""
  web_acl_arn             = null
}

run "delivers_a_private_bucket" {
  command = apply

  assert {
    condition     = one(aws_cloudfront_distribution.this.origin).domain_name == "acme-site.s3.eu-central-1.amazonaws.com" && one(aws_cloudfront_distribution.this.origin).origin_access_control_id == aws_cloudfront_origin_access_control.bucket.id
    error_message = "The distribution must read the bucket that was named, with its own access control."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.bucket.signing_behavior == "always" && aws_cloudfront_origin_access_control.bucket.signing_protocol == "sigv4"
    error_message = "Every request to the bucket must be signed."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.bucket.statement[0].condition).values == tolist([aws_cloudfront_distribution.this.arn]) && one(data.aws_iam_policy_document.bucket.statement[0].condition).variable == "aws:SourceArn"
    error_message = "The bucket's policy must let this distribution in and no other."
  }

  assert {
    condition     = data.aws_iam_policy_document.bucket.statement[0].actions == toset(["s3:GetObject"]) && data.aws_iam_policy_document.bucket.statement[0].resources == toset(["arn:aws:s3:::acme-site/*"]) && output.bucket_policy == data.aws_iam_policy_document.bucket.json
    error_message = "The bucket's policy must allow to read its objects, and nothing else."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.enabled && aws_cloudfront_distribution.this.default_root_object == "index.html" && output.id != "" && output.arn != "" && output.domain_name == "d111111abcdef8.cloudfront.net" && output.hosted_zone_id == "Z2FDTNDATAQYW2"
    error_message = "The distribution must be on, and the outputs must name it."
  }
}

run "speaks_tls_only" {
  command = plan

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).viewer_protocol_policy == "redirect-to-https"
    error_message = "Plain HTTP must be redirected."
  }

  assert {
    condition     = toset(one(aws_cloudfront_distribution.this.default_cache_behavior).allowed_methods) == toset(["GET", "HEAD", "OPTIONS"])
    error_message = "The distribution must only read."
  }
}

run "carries_security_headers" {
  command = apply

  variables {
    content_security_policy = "default-src 'self'"
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).response_headers_policy_id == aws_cloudfront_response_headers_policy.security[0].id && output.response_headers_policy_id != null
    error_message = "Answers must carry the security headers."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.security[0].security_headers_config).strict_transport_security).access_control_max_age_sec == 63072000 && one(one(aws_cloudfront_response_headers_policy.security[0].security_headers_config).strict_transport_security).override
    error_message = "Browsers must keep to HTTPS for two years."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.security[0].security_headers_config).frame_options).frame_option == "DENY" && one(one(aws_cloudfront_response_headers_policy.security[0].security_headers_config).content_type_options).override
    error_message = "Browsers must neither frame nor sniff."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.security[0].security_headers_config).content_security_policy).content_security_policy == "default-src 'self'"
    error_message = "Answers must carry the content security policy that was named."
  }
}

run "works_without_what_is_optional" {
  command = apply

  variables {
    security_headers = false
  }

  assert {
    condition     = length(aws_cloudfront_response_headers_policy.security) == 0 && output.response_headers_policy_id == null
    error_message = "No header must be added."
  }

  assert {
    condition     = coalesce(aws_cloudfront_distribution.this.web_acl_id, "none") == "none"
    error_message = "No firewall must be named until one is given."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.this.logging_config) == 0 && length(aws_cloudfront_distribution.this.custom_error_response) == 0
    error_message = "Logs and answers for what is not there must be off until they are asked for."
  }

  assert {
    condition     = one(one(aws_cloudfront_distribution.this.restrictions).geo_restriction).restriction_type == "none" && one(aws_cloudfront_distribution.this.viewer_certificate).cloudfront_default_certificate
    error_message = "The distribution must answer everywhere, under its own name."
  }
}

run "stands_behind_a_firewall" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/acme/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == var.web_acl_arn
    error_message = "The distribution must stand behind the firewall that was named."
  }
}

run "writes_access_logs" {
  command = plan

  variables {
    logging = { bucket_domain_name = "acme-logs.s3.amazonaws.com" }
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.logging_config).bucket == "acme-logs.s3.amazonaws.com" && !one(aws_cloudfront_distribution.this.logging_config).include_cookies
    error_message = "Access logs must go to the bucket that was named, without cookies."
  }
}

run "answers_under_domains_of_its_own" {
  command = plan

  variables {
    aliases         = ["www.example.org"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021" && one(aws_cloudfront_distribution.this.viewer_certificate).acm_certificate_arn == var.certificate_arn
    error_message = "A domain of its own must speak TLS 1.2 at least, with the certificate that was named."
  }
}

run "serves_a_single_page_application_in_some_countries" {
  command = plan

  variables {
    single_page_application = true
    price_class             = "PriceClass_100"
    allowed_countries       = ["DE", "FR"]
  }

  assert {
    condition     = toset(aws_cloudfront_distribution.this.custom_error_response[*].error_code) == toset([403, 404]) && alltrue([for one in aws_cloudfront_distribution.this.custom_error_response : one.response_page_path == "/index.html"])
    error_message = "Paths that are no objects must be answered with the page."
  }

  assert {
    condition     = one(one(aws_cloudfront_distribution.this.restrictions).geo_restriction).restriction_type == "whitelist" && one(one(aws_cloudfront_distribution.this.restrictions).geo_restriction).locations == toset(["DE", "FR"])
    error_message = "Only the countries that were named must be served."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.price_class == "PriceClass_100"
    error_message = "The price class must follow its variable."
  }
}

run "refuses_aliases_without_a_certificate" {
  command = plan

  variables {
    aliases = ["www.example.org"]
  }

  expect_failures = [aws_cloudfront_distribution.this]
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "-site"
  }

  expect_failures = [var.name]
}

run "refuses_what_is_no_bucket" {
  command = plan

  variables {
    bucket_arn = "acme-site"
  }

  expect_failures = [var.bucket_arn]
}

run "refuses_a_website_as_origin" {
  command = plan

  variables {
    bucket_domain_name = "www.example.org"
  }

  expect_failures = [var.bucket_domain_name]
}

run "refuses_a_log_bucket_without_its_domain" {
  command = plan

  variables {
    logging = { bucket_domain_name = "acme-logs" }
  }

  expect_failures = [var.logging]
}

run "refuses_an_alias_that_is_no_domain" {
  command = plan

  variables {
    aliases = ["localhost"]
  }

  expect_failures = [var.aliases]
}

run "refuses_a_certificate_of_another_region" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
  }

  expect_failures = [var.certificate_arn]
}

run "refuses_a_root_object_with_a_slash" {
  command = plan

  variables {
    default_root_object = "/index.html"
  }

  expect_failures = [var.default_root_object]
}

run "refuses_an_unknown_price_class" {
  command = plan

  variables {
    price_class = "cheap"
  }

  expect_failures = [var.price_class]
}

run "refuses_an_unknown_country" {
  command = plan

  variables {
    allowed_countries = ["Germany"]
  }

  expect_failures = [var.allowed_countries]
}

run "refuses_a_policy_without_a_directive" {
  command = plan

  variables {
    content_security_policy = "strict"
  }

  expect_failures = [var.content_security_policy]
}

run "refuses_a_regional_firewall" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/acme/x"
  }

  expect_failures = [var.web_acl_arn]
}
