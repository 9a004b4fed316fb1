locals {
  kms_key_arn = var.customer_key ? aws_kms_key.this[0].arn : var.kms_key_arn

  # Replicas live of a stream with both images.
  stream_view_type = length(var.replicas) > 0 ? "NEW_AND_OLD_IMAGES" : var.stream_view_type

  # DynamoDB wants every attribute that is part of a key, once and with its type, and no other.
  keys = concat(
    [var.hash_key],
    var.range_key == null ? [] : [var.range_key],
    [for index in values(var.global_secondary_indexes) : index.hash_key],
    [for index in values(var.global_secondary_indexes) : index.range_key if index.range_key != null],
    [for index in values(var.local_secondary_indexes) : index.range_key],
  )
  attributes = { for key in local.keys : key.name => key.type... }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  table_class                 = var.table_class
  hash_key                    = var.hash_key.name
  range_key                   = try(var.range_key.name, null)
  billing_mode                = var.provisioned ? "PROVISIONED" : "PAY_PER_REQUEST"
  read_capacity               = var.provisioned ? local.capacity.read.min : null
  write_capacity              = var.provisioned ? local.capacity.write.min : null
  stream_enabled              = local.stream_view_type != null
  stream_view_type            = local.stream_view_type
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = local.attributes

    content {
      name = attribute.key
      type = attribute.value[0]
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.global_secondary_indexes

    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.hash_key.name
      range_key          = try(global_secondary_index.value.range_key.name, null)
      projection_type    = global_secondary_index.value.projection
      non_key_attributes = global_secondary_index.value.projection == "INCLUDE" ? global_secondary_index.value.non_key_attributes : null
      read_capacity      = var.provisioned ? coalesce(global_secondary_index.value.read_capacity, local.capacity.read.max) : null
      write_capacity     = var.provisioned ? coalesce(global_secondary_index.value.write_capacity, local.capacity.write.max) : null
    }
  }

  dynamic "local_secondary_index" {
    for_each = var.local_secondary_indexes

    content {
      name               = local_secondary_index.key
      range_key          = local_secondary_index.value.range_key.name
      projection_type    = local_secondary_index.value.projection
      non_key_attributes = local_secondary_index.value.projection == "INCLUDE" ? local_secondary_index.value.non_key_attributes : null
    }
  }

  dynamic "ttl" {
    for_each = var.ttl_attribute == null ? [] : [var.ttl_attribute]

    content {
      enabled        = true
      attribute_name = ttl.value
    }
  }

  dynamic "replica" {
    for_each = var.replicas

    content {
      region_name            = replica.key
      kms_key_arn            = replica.value.kms_key_arn
      point_in_time_recovery = var.point_in_time_recovery
      propagate_tags         = true
    }
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.kms_key_arn
  }

  tags = var.tags

  lifecycle {
    # Application Auto Scaling moves them.
    ignore_changes = [read_capacity, write_capacity]

    precondition {
      condition     = alltrue([for types in values(local.attributes) : length(distinct(types)) == 1])
      error_message = "An attribute has one type: the same name stands in two keys with different types."
    }

    precondition {
      condition     = length(var.local_secondary_indexes) == 0 || var.range_key != null
      error_message = "A local index needs a table with a range_key."
    }

    precondition {
      condition     = length(var.replicas) == 0 || coalesce(var.stream_view_type, "NEW_AND_OLD_IMAGES") == "NEW_AND_OLD_IMAGES"
      error_message = "Replicas need a stream with both images: leave stream_view_type null, or take NEW_AND_OLD_IMAGES."
    }

    precondition {
      condition     = alltrue([for replica in values(var.replicas) : (replica.kms_key_arn != null) == (var.customer_key || var.kms_key_arn != null)])
      error_message = "Either the table and all its replicas have a customer key, or none has."
    }
  }
}

resource "aws_kms_key" "this" {
  count = var.customer_key ? 1 : 0

  description             = "Encrypts the table ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30

  # Who uses the table needs no right to the key: DynamoDB is granted its use when the table is made.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowTheAccountToGovernTheKey"
      Effect    = "Allow"
      Action    = ["kms:*"]
      Resource  = ["*"]
      Principal = { AWS = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"] }
    }]
  })

  tags = var.tags
}
