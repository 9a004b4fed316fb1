mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                        = "orders"
  vpc_id                      = "vpc-0123456789abcdef0"
  subnet_ids                  = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  engine                      = "postgres"
  engine_version              = null
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  multi_az                    = true
  iam_authentication          = true
  backup_retention_days       = 14
  deletion_protection         = true
  skip_final_snapshot         = false
  customer_key                = false
  performance_insights        = true
  monitoring_interval_seconds = 60
  export_logs                 = true
}

run "is_guarded" {
  command = apply

  assert {
    condition     = aws_db_instance.this.storage_encrypted && !aws_db_instance.this.publicly_accessible && length(aws_kms_key.this) == 0
    error_message = "The database must be encrypted and private."
  }

  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.final_snapshot_identifier == "orders-final"
    error_message = "The database must be hard to delete, and leave a snapshot behind."
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 14 && aws_db_instance.this.copy_tags_to_snapshot && !aws_db_instance.this.delete_automated_backups && aws_db_instance.this.multi_az
    error_message = "The database must be backed up, and have a second instance."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.iam_database_authentication_enabled
    error_message = "RDS must make the password, and IAM must do instead of one."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.client) == 0 && aws_db_instance.this.vpc_security_group_ids == toset([aws_security_group.this.id])
    error_message = "Nobody may connect unless named."
  }

  assert {
    condition     = aws_db_instance.this.db_subnet_group_name == aws_db_subnet_group.this.name && length(aws_db_subnet_group.this.subnet_ids) == 2 && aws_db_instance.this.parameter_group_name == aws_db_parameter_group.this.name
    error_message = "The database must lie in its subnets, with its parameters."
  }

  assert {
    condition     = output.id == "orders" && output.arn != "" && output.address != "" && output.port == 5432 && output.kms_key_arn == null && output.database_name == null
    error_message = "The outputs must describe the database."
  }
}

run "is_postgres_over_tls" {
  command = plan

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres17" && contains([for one in aws_db_parameter_group.this.parameter : "${one.name}=${one.value}"], "rds.force_ssl=1")
    error_message = "PostgreSQL must take TLS only."
  }

  assert {
    condition     = toset(aws_db_instance.this.enabled_cloudwatch_logs_exports) == toset(["postgresql", "upgrade"]) && aws_cloudwatch_log_group.this["postgresql"].retention_in_days == 365
    error_message = "Logs must go to groups that end."
  }
}

run "is_mysql_over_tls" {
  command = plan

  variables {
    engine     = "mysql"
    clients    = { shop = "sg-0123456789abcdef0" }
    parameters = { max_connections = { value = "500", apply_method = "pending-reboot" } }
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "mysql8.4" && contains([for one in aws_db_parameter_group.this.parameter : "${one.name}=${one.value}"], "require_secure_transport=1")
    error_message = "MySQL must take TLS only."
  }

  assert {
    condition     = contains([for one in aws_db_parameter_group.this.parameter : "${one.name}=${one.value}=${one.apply_method}"], "max_connections=500=pending-reboot")
    error_message = "Further parameters must be set."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.client["shop"].referenced_security_group_id == "sg-0123456789abcdef0" && aws_vpc_security_group_ingress_rule.client["shop"].from_port == 3306 && aws_vpc_security_group_ingress_rule.client["shop"].to_port == 3306
    error_message = "The clients must reach the port of the engine, and no other."
  }
}

run "is_mariadb_of_a_version" {
  command = plan

  variables {
    engine         = "mariadb"
    engine_version = "10.11.9"
    instance_class = "db.t4g.micro"
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "mariadb10.11" && aws_db_instance.this.engine_version == "10.11.9" && aws_db_instance.this.port == 3306
    error_message = "The parameters must be those of the version."
  }

  assert {
    condition     = !aws_db_instance.this.performance_insights_enabled
    error_message = "A class without Performance Insights must not ask for them."
  }
}

run "is_watched" {
  command = apply

  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.monitoring_interval == 60 && aws_db_instance.this.monitoring_role_arn == aws_iam_role.monitoring[0].arn
    error_message = "The database must be watched."
  }

  assert {
    condition     = jsondecode(aws_iam_role.monitoring[0].assume_role_policy).Statement[0].Principal == { Service = "monitoring.rds.amazonaws.com" } && jsondecode(aws_iam_role.monitoring[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id
    error_message = "Only RDS, for this account, may take the role."
  }
}

run "can_be_small" {
  command = plan

  variables {
    multi_az                    = false
    export_logs                 = false
    performance_insights        = false
    monitoring_interval_seconds = 0
    deletion_protection         = false
    skip_final_snapshot         = true
    max_allocated_storage       = 0
    iam_authentication          = false
  }

  assert {
    condition     = !aws_db_instance.this.multi_az && length(aws_cloudwatch_log_group.this) == 0 && length(aws_iam_role.monitoring) == 0 && !aws_db_instance.this.performance_insights_enabled && !aws_db_instance.this.iam_database_authentication_enabled
    error_message = "What was switched off must not be there."
  }

  assert {
    condition     = aws_db_instance.this.max_allocated_storage == 0 && aws_db_instance.this.final_snapshot_identifier == null && !aws_db_instance.this.deletion_protection
    error_message = "The database must follow the inputs."
  }
}

run "has_a_key_of_its_own" {
  command = apply

  variables {
    customer_key          = true
    allocated_storage     = 100
    backup_retention_days = 30
  }

  assert {
    condition     = aws_db_instance.this.kms_key_id == aws_kms_key.this[0].arn && aws_db_instance.this.performance_insights_kms_key_id == aws_kms_key.this[0].arn && aws_db_instance.this.master_user_secret_kms_key_id == aws_kms_key.this[0].arn && aws_kms_key.this[0].enable_key_rotation
    error_message = "All that is stored must be encrypted with the key, which is rotated."
  }

  assert {
    condition     = aws_db_instance.this.allocated_storage == 100 && aws_db_instance.this.max_allocated_storage == 200 && aws_db_instance.this.backup_retention_period == 30
    error_message = "Storage must grow to twice what was set, and backups be kept as long."
  }
}

run "refuses_storage_that_cannot_grow" {
  command = plan

  variables {
    allocated_storage     = 100
    max_allocated_storage = 100
  }

  expect_failures = [aws_db_instance.this]
}

run "refuses_half_a_version" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8"
  }

  expect_failures = [aws_db_instance.this]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                        = "Orders--1"
    vpc_id                      = "orders"
    subnet_ids                  = ["subnet-0123456789abcdef0"]
    clients                     = { all = "0.0.0.0/0" }
    engine_version              = "newest"
    instance_class              = "large"
    allocated_storage           = 5
    max_allocated_storage       = 1
    database_name               = "1st"
    username                    = "admin"
    backup_retention_days       = 0
    backup_window               = "night"
    maintenance_window          = "sunday"
    parameters                  = { "rds.force_ssl" = { value = "0" } }
    kms_key_arn                 = "alias/orders"
    monitoring_interval_seconds = 2
    log_retention_days          = 2
  }

  expect_failures = [
    var.name,
    var.vpc_id,
    var.subnet_ids,
    var.clients,
    var.engine_version,
    var.instance_class,
    var.allocated_storage,
    var.max_allocated_storage,
    var.database_name,
    var.username,
    var.backup_retention_days,
    var.backup_window,
    var.maintenance_window,
    var.parameters,
    var.kms_key_arn,
    var.monitoring_interval_seconds,
    var.log_retention_days,
  ]
}

run "refuses_an_engine_that_it_does_not_know" {
  command = plan

  variables {
    engine = "oracle"
  }

  expect_failures = [var.engine]
}
