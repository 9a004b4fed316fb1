# A repository with its own key, which keeps fifty images, copies them to a second region and lets one account pull.

module "repository" {
  source = "../../"

  name           = "shop/orders"
  immutable_tags = true

  expire_untagged_days = 3
  keep_images          = 50

  customer_key        = true
  reader_account_ids  = ["210987654321"]
  replication_regions = ["us-west-2"]

  tags = {
    Environment = "example"
  }
}

output "repository_url" {
  description = "Where images are pushed to."
  value       = module.repository.repository_url
}
