locals {
  engines = {
    postgres = {
      version    = "17"
      port       = 5432
      tls        = "rds.force_ssl"
      logs       = ["postgresql", "upgrade"]
      parameters = { log_min_duration_statement = "1000" }
    }
    mysql = {
      version    = "8.4"
      port       = 3306
      tls        = "require_secure_transport"
      logs       = ["error", "slowquery"]
      parameters = { slow_query_log = "1", log_output = "FILE" }
    }
    mariadb = {
      version    = "11.4"
      port       = 3306
      tls        = "require_secure_transport"
      logs       = ["error", "slowquery"]
      parameters = { slow_query_log = "1", log_output = "FILE" }
    }
  }
  engine  = local.engines[var.engine]
  version = coalesce(var.engine_version, local.engine.version)

  # PostgreSQL has parameters for each major version; the others for the first two numbers.
  family = "${var.engine}${join(".", slice(concat(split(".", local.version), ["0"]), 0, var.engine == "postgres" ? 1 : 2))}"

  max_storage = coalesce(var.max_allocated_storage, min(2 * var.allocated_storage, 65536))
  kms_key_arn = var.customer_key ? aws_kms_key.this[0].arn : var.kms_key_arn

  without_insights     = var.engine != "postgres" && can(regex("^db\\.t[0-9]g?\\.(micro|small)$", var.instance_class))
  performance_insights = var.performance_insights && !local.without_insights
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_db_instance" "this" {
  identifier                  = var.name
  engine                      = var.engine
  engine_version              = local.version
  allow_major_version_upgrade = var.allow_major_version_upgrade
  auto_minor_version_upgrade  = true
  instance_class              = var.instance_class
  multi_az                    = var.multi_az
  apply_immediately           = var.apply_immediately

  db_name                             = var.database_name
  username                            = var.username
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.kms_key_arn
  iam_database_authentication_enabled = var.iam_authentication

  storage_type          = "gp3"
  allocated_storage     = var.allocated_storage
  max_allocated_storage = local.max_storage
  storage_encrypted     = true
  kms_key_id            = local.kms_key_arn

  port                   = local.engine.port
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_retention_days
  backup_window             = var.backup_window
  maintenance_window        = var.maintenance_window
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = var.skip_final_snapshot
  final_snapshot_identifier = var.skip_final_snapshot ? null : "${var.name}-final"

  performance_insights_enabled          = local.performance_insights
  performance_insights_kms_key_id       = local.performance_insights ? local.kms_key_arn : null
  performance_insights_retention_period = local.performance_insights ? 7 : null
  monitoring_interval                   = var.monitoring_interval_seconds
  monitoring_role_arn                   = one(aws_iam_role.monitoring[*].arn)
  enabled_cloudwatch_logs_exports       = var.export_logs ? local.engine.logs : []

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.max_storage == 0 || local.max_storage >= 1.1 * var.allocated_storage || var.allocated_storage == 65536
      error_message = "Storage grows by a tenth at least: give max_allocated_storage 0, or more than a tenth above allocated_storage."
    }

    precondition {
      condition     = var.engine == "postgres" || length(split(".", local.version)) > 1
      error_message = "A version of MySQL or MariaDB has two numbers at least, such as 8.4."
    }
  }

  # RDS would make the groups itself, and keep logs for ever.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "The subnets of the database ${var.name}."
  subnet_ids  = var.subnet_ids

  tags = var.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  description = "The parameters of the database ${var.name}."
  family      = local.family

  parameter {
    name         = local.engine.tls
    value        = "1"
    apply_method = "immediate"
  }

  dynamic "parameter" {
    for_each = merge({ for name, value in local.engine.parameters : name => { value = value, apply_method = "immediate" } }, var.parameters)

    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "Who may connect to the database ${var.name}."
  vpc_id      = var.vpc_id

  tags = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = var.clients

  security_group_id            = aws_security_group.this.id
  description                  = "Connections of ${each.key}."
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.engine.port
  to_port                      = local.engine.port

  tags = var.tags
}

resource "aws_kms_key" "this" {
  count = var.customer_key ? 1 : 0

  description             = "Encrypts the database ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30

  # Who uses the database needs no right to the key: RDS is granted its use when the database is made.
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
