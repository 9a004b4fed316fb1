# A MySQL database with a key of its own, which one service may use.

module "database" {
  source = "../../"

  name       = "orders"
  vpc_id     = "vpc-0123456789abcdef0"
  subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  clients    = { shop = "sg-0123456789abcdef0" }

  engine                      = "mysql"
  engine_version              = "8.4"
  allow_major_version_upgrade = false
  instance_class              = "db.m7g.large"
  multi_az                    = true

  allocated_storage     = 100
  max_allocated_storage = 500

  database_name      = "orders"
  username           = "dbadmin"
  iam_authentication = true

  backup_retention_days = 30
  backup_window         = "01:00-02:00"
  maintenance_window    = "sun:03:00-sun:04:00"
  apply_immediately     = false
  deletion_protection   = true
  skip_final_snapshot   = false

  parameters = {
    max_connections = { value = "500", apply_method = "pending-reboot" }
  }

  customer_key                = true
  performance_insights        = true
  monitoring_interval_seconds = 30
  export_logs                 = true
  log_retention_days          = 90

  tags = {
    Environment = "example"
  }
}

output "address" {
  description = "The host name to connect to."
  value       = module.database.address
}

output "master_secret_arn" {
  description = "Where the master user's password is."
  value       = module.database.master_secret_arn
}
