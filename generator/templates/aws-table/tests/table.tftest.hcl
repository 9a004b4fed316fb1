mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                     = "orders"
  hash_key                 = { name = "id" }
  range_key                = null
  global_secondary_indexes = {}
  local_secondary_indexes  = {}
  provisioned              = false
  min_capacity             = 5
  max_capacity             = 100
  ttl_attribute            = null
  stream_view_type         = null
  replicas                 = {}
  point_in_time_recovery   = true
  deletion_protection      = true
  table_class              = "STANDARD"
  customer_key             = false
}

run "is_guarded" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "The table must be hard to delete, and recoverable."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && length(aws_kms_key.this) == 0
    error_message = "The table must be encrypted, with no key of its own unless asked."
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && length(aws_appautoscaling_target.capacity) == 0
    error_message = "The table must be paid by request unless capacity is asked for."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "id" && one(aws_dynamodb_table.this.attribute).type == "S" && !aws_dynamodb_table.this.stream_enabled
    error_message = "The table must have its key and nothing that was not asked for."
  }

  assert {
    condition     = output.name == "orders" && output.arn != "" && output.stream_arn == null && output.kms_key_arn == null && output.index_arns == {}
    error_message = "The outputs must describe the table."
  }
}

run "can_be_left_unguarded" {
  command = plan

  variables {
    point_in_time_recovery = false
    deletion_protection    = false
    table_class            = "STANDARD_INFREQUENT_ACCESS"
  }

  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled && !aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.table_class == "STANDARD_INFREQUENT_ACCESS"
    error_message = "The table must follow the inputs."
  }
}

run "has_indexes" {
  command = apply

  variables {
    range_key = { name = "created_at", type = "N" }
    global_secondary_indexes = {
      by_customer = { hash_key = { name = "customer" }, range_key = { name = "created_at", type = "N" }, projection = "INCLUDE", non_key_attributes = ["total"] }
    }
    local_secondary_indexes = { by_state = { range_key = { name = "state" }, projection = "KEYS_ONLY" } }
  }

  assert {
    condition     = aws_dynamodb_table.this.range_key == "created_at" && { for one in aws_dynamodb_table.this.attribute : one.name => one.type } == { id = "S", created_at = "N", customer = "S", state = "S" }
    error_message = "Every attribute of a key must be declared once."
  }

  assert {
    condition     = one(aws_dynamodb_table.this.global_secondary_index).hash_key == "customer" && one(aws_dynamodb_table.this.global_secondary_index).range_key == "created_at" && one(aws_dynamodb_table.this.global_secondary_index).non_key_attributes == toset(["total"])
    error_message = "The global index must have its keys and what it includes."
  }

  assert {
    condition     = one(aws_dynamodb_table.this.local_secondary_index).range_key == "state" && one(aws_dynamodb_table.this.local_secondary_index).projection_type == "KEYS_ONLY"
    error_message = "The local index must have its key and its projection."
  }

  assert {
    condition     = output.index_arns["by_customer"] == "${aws_dynamodb_table.this.arn}/index/by_customer" && length(output.index_arns) == 2
    error_message = "The output must name both indexes."
  }
}

run "lets_items_expire_and_tells_changes" {
  command = apply

  variables {
    ttl_attribute    = "expires_at"
    stream_view_type = "KEYS_ONLY"
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at"
    error_message = "Items must expire by the attribute."
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.stream_view_type == "KEYS_ONLY" && output.stream_arn == aws_dynamodb_table.this.stream_arn
    error_message = "There must be a stream that tells what was asked."
  }
}

run "has_replicas_and_keys" {
  command = apply

  variables {
    customer_key = true
    replicas     = { us-west-2 = { kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000" } }
  }

  assert {
    condition     = one(aws_dynamodb_table.this.replica).region_name == "us-west-2" && one(aws_dynamodb_table.this.replica).point_in_time_recovery && startswith(one(aws_dynamodb_table.this.replica).kms_key_arn, "arn:aws:kms:us-west-2:")
    error_message = "The replica must be recoverable and encrypted as the table is."
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "Replicas need a stream with both images."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == aws_kms_key.this[0].arn && aws_kms_key.this[0].enable_key_rotation && output.kms_key_arn == aws_kms_key.this[0].arn
    error_message = "The table must use its own key, which is rotated."
  }
}

run "uses_a_key_that_is_named" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    error_message = "The table must use the key that was named."
  }
}

run "refuses_an_attribute_with_two_types" {
  command = plan

  variables {
    global_secondary_indexes = { by_id = { hash_key = { name = "id", type = "N" } } }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "refuses_a_local_index_without_range_key" {
  command = plan

  variables {
    local_secondary_indexes = { by_state = { range_key = { name = "state" } } }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "refuses_replicas_without_both_images" {
  command = plan

  variables {
    stream_view_type = "NEW_IMAGE"
    replicas         = { us-west-2 = {} }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "refuses_a_replica_without_its_key" {
  command = plan

  variables {
    customer_key = true
    replicas     = { us-west-2 = {} }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                     = "no"
    hash_key                 = { name = "id", type = "text" }
    range_key                = { name = "" }
    global_secondary_indexes = { "no spaces" = { hash_key = { name = "customer" } } }
    local_secondary_indexes  = { "no spaces" = { range_key = { name = "state" } } }
    min_capacity             = 0
    max_capacity             = 0
    write_capacity           = { min = 5, max = 1 }
    target_utilization       = 99
    ttl_attribute            = ""
    stream_view_type         = "ALL"
    replicas                 = { "the moon" = {} }
    table_class              = "CHEAP"
    kms_key_arn              = "alias/orders"
  }

  expect_failures = [
    var.name,
    var.hash_key,
    var.range_key,
    var.global_secondary_indexes,
    var.local_secondary_indexes,
    var.min_capacity,
    var.max_capacity,
    var.write_capacity,
    var.target_utilization,
    var.ttl_attribute,
    var.stream_view_type,
    var.replicas,
    var.table_class,
    var.kms_key_arn,
  ]
}

run "refuses_wrong_projections" {
  command = plan

  variables {
    global_secondary_indexes = { by_customer = { hash_key = { name = "customer" }, projection = "INCLUDE" } }
    local_secondary_indexes  = { by_state = { range_key = { name = "state" }, projection = "SOME" } }
  }

  expect_failures = [var.global_secondary_indexes, var.local_secondary_indexes]
}
