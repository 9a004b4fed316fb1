module "service_catalogue" {
  source = "../../"

  services = {
    orders = { owner = "shop" }
  }
}
