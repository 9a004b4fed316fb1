locals {
  public_ports = { for port in var.public_ports : tostring(port) => port }
}

resource "aws_security_group" "this" {
  name_prefix            = "${var.name}-"
  description            = var.description
  vpc_id                 = var.vpc_id
  revoke_rules_on_delete = true

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = var.ingress_rules

  security_group_id = aws_security_group.this.id
  description       = each.value.description

  ip_protocol = each.value.protocol
  from_port   = each.value.from_port
  to_port     = coalesce(each.value.to_port, each.value.from_port)

  cidr_ipv4                    = each.value.cidr_ipv4
  cidr_ipv6                    = each.value.cidr_ipv6
  prefix_list_id               = each.value.prefix_list_id
  referenced_security_group_id = each.value.security_group_id

  tags = merge(var.tags, { Name = each.key })
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each = local.public_ports

  security_group_id = aws_security_group.this.id
  description       = "Port ${each.key} from anywhere."

  ip_protocol = "tcp"
  from_port   = each.value
  to_port     = each.value
  cidr_ipv4   = "0.0.0.0/0"

  tags = merge(var.tags, { Name = "public-${each.key}" })
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = var.egress_rules

  security_group_id = aws_security_group.this.id
  description       = each.value.description

  ip_protocol = each.value.protocol
  from_port   = each.value.from_port
  to_port     = coalesce(each.value.to_port, each.value.from_port)

  cidr_ipv4                    = each.value.cidr_ipv4
  cidr_ipv6                    = each.value.cidr_ipv6
  prefix_list_id               = each.value.prefix_list_id
  referenced_security_group_id = each.value.security_group_id

  tags = merge(var.tags, { Name = each.key })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = var.https_egress ? 1 : 0

  security_group_id = aws_security_group.this.id
  description       = "HTTPS to anywhere."

  ip_protocol = "tcp"
  from_port   = 443
  to_port     = 443
  cidr_ipv4   = "0.0.0.0/0"

  tags = merge(var.tags, { Name = "https" })
}
