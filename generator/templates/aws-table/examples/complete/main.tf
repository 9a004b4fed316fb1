# A table in two regions whose capacity follows its load, with indexes, a stream, sessions that expire, and a key of its own.

module "table" {
  source = "../../"

  name      = "sessions"
  hash_key  = { name = "customer" }
  range_key = { name = "started_at", type = "N" }

  global_secondary_indexes = {
    by_device = {
      hash_key           = { name = "device" }
      range_key          = { name = "started_at", type = "N" }
      projection         = "INCLUDE"
      non_key_attributes = ["state"]
      read_capacity      = 10
      write_capacity     = 50
    }
  }
  local_secondary_indexes = {
    by_state = {
      range_key  = { name = "state" }
      projection = "KEYS_ONLY"
    }
  }

  provisioned        = true
  min_capacity       = 5
  max_capacity       = 200
  write_capacity     = { min = 5, max = 50 }
  target_utilization = 60

  ttl_attribute          = "expires_at"
  stream_view_type       = "NEW_AND_OLD_IMAGES"
  point_in_time_recovery = true
  deletion_protection    = true
  table_class            = "STANDARD"
  customer_key           = true

  replicas = {
    us-west-2 = { kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }

  tags = {
    Environment = "example"
  }
}

output "arn" {
  description = "The ARN of the table."
  value       = module.table.arn
}

output "stream_arn" {
  description = "The ARN of the stream."
  value       = module.table.stream_arn
}
