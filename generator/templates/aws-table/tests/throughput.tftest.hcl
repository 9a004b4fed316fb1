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

run "follows_its_load" {
  command = apply

  variables {
    provisioned              = true
    min_capacity             = 7
    max_capacity             = 70
    write_capacity           = { min = 3, max = 30 }
    target_utilization       = 50
    global_secondary_indexes = { by_customer = { hash_key = { name = "customer" }, read_capacity = 9 } }
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PROVISIONED" && aws_dynamodb_table.this.read_capacity == 7 && aws_dynamodb_table.this.write_capacity == 3
    error_message = "The table must start with its least capacity."
  }

  assert {
    condition     = aws_appautoscaling_target.capacity["read"].min_capacity == 7 && aws_appautoscaling_target.capacity["read"].max_capacity == 70 && aws_appautoscaling_target.capacity["write"].min_capacity == 3 && aws_appautoscaling_target.capacity["write"].max_capacity == 30
    error_message = "The capacity must stay in its range, that for writes in its own."
  }

  assert {
    condition     = aws_appautoscaling_target.capacity["read"].scalable_dimension == "dynamodb:table:ReadCapacityUnits" && aws_appautoscaling_target.capacity["write"].resource_id == "table/orders"
    error_message = "Reads and writes of this table must be scaled."
  }

  assert {
    condition     = alltrue([for policy in values(aws_appautoscaling_policy.capacity) : policy.target_tracking_scaling_policy_configuration[0].target_value == 50])
    error_message = "The capacity must follow the target."
  }

  assert {
    condition     = one(aws_dynamodb_table.this.global_secondary_index).read_capacity == 9 && one(aws_dynamodb_table.this.global_secondary_index).write_capacity == 30
    error_message = "An index must have its own capacity, or else the table's maximum."
  }
}

run "refuses_a_range_that_ends_before_it_begins" {
  command = plan

  variables {
    provisioned  = true
    min_capacity = 10
    max_capacity = 5
  }

  expect_failures = [aws_appautoscaling_target.capacity]
}
