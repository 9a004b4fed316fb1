resource "aws_cloudwatch_log_group" "queries" {
  count = var.query_logging ? 1 : 0

  name              = "/aws/route53/${var.name}"
  retention_in_days = var.query_log_retention_days
  kms_key_id        = var.query_log_kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_resource_policy" "queries" {
  count = var.query_logging ? 1 : 0

  policy_name = "route53-${replace(var.name, ".", "-")}"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "WriteQueryLogs"
      Effect    = "Allow"
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.queries[0].arn}:*"
      Principal = { Service = "route53.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = aws_route53_zone.this.arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

resource "aws_route53_query_log" "queries" {
  count = var.query_logging ? 1 : 0

  zone_id                  = aws_route53_zone.this.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.queries[0].arn

  # Route 53 tries to write at once.
  depends_on = [aws_cloudwatch_log_resource_policy.queries]
}
