package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_s3_bucket" if {
	not has("aws_s3_bucket")
}

deny contains "there is no aws_s3_bucket_public_access_block" if {
	not has("aws_s3_bucket_public_access_block")
}

deny contains "there is no aws_s3_bucket_server_side_encryption_configuration" if {
	not has("aws_s3_bucket_server_side_encryption_configuration")
}
