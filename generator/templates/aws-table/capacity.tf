locals {
  capacity = {
    read = {
      min       = var.min_capacity
      max       = var.max_capacity
      dimension = "dynamodb:table:ReadCapacityUnits"
      metric    = "DynamoDBReadCapacityUtilization"
    }
    write = {
      min       = try(var.write_capacity.min, var.min_capacity)
      max       = try(var.write_capacity.max, var.max_capacity)
      dimension = "dynamodb:table:WriteCapacityUnits"
      metric    = "DynamoDBWriteCapacityUtilization"
    }
  }
  scaled = { for kind, capacity in local.capacity : kind => capacity if var.provisioned }
}

resource "aws_appautoscaling_target" "capacity" {
  for_each = local.scaled

  min_capacity       = each.value.min
  max_capacity       = each.value.max
  resource_id        = "table/${aws_dynamodb_table.this.name}"
  scalable_dimension = each.value.dimension
  service_namespace  = "dynamodb"

  tags = var.tags

  lifecycle {
    precondition {
      condition     = each.value.min <= each.value.max
      error_message = "The least capacity must not be larger than the largest: see min_capacity and max_capacity."
    }
  }
}

resource "aws_appautoscaling_policy" "capacity" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.capacity[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.capacity[each.key].scalable_dimension
  service_namespace  = aws_appautoscaling_target.capacity[each.key].service_namespace

  target_tracking_scaling_policy_configuration {
    target_value = var.target_utilization

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
    }
  }
}
