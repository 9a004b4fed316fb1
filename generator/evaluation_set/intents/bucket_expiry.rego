package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_s3_bucket" if {
	not has("aws_s3_bucket")
}

deny contains "there is no aws_s3_bucket_lifecycle_configuration" if {
	not has("aws_s3_bucket_lifecycle_configuration")
}

deny contains "there is no aws_s3_bucket_policy" if {
	not has("aws_s3_bucket_policy")
}
