# Foreign code, from everywhere that go-getter knows how to reach.
module "http" {
  source = "http://127.0.0.1:@PORT@/module.zip"
}

module "checksum" {
  source = "http://127.0.0.1:@PORT@/module.zip?checksum=file:http://127.0.0.1:@PORT@/sums"
}

module "git" {
  source = "git::http://127.0.0.1:@PORT@/module.git"
}

module "ext" {
  source = "git::ext::sh -c touch% @MARKER@"
}

module "mercurial" {
  source = "hg::http://127.0.0.1:@PORT@/module"
}

module "file" {
  source = "file://@SECRET_FOLDER@"
}

module "absolute" {
  source = "@SECRET_FOLDER@"
}

module "registry" {
  source  = "127.0.0.1:@PORT@/acme/module/aws"
  version = "1.0.0"
}
