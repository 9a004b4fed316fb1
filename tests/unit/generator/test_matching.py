"""Which template a prompt gets, and with which defaults: words in, choices out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalogue import built_in
from generator.matching import Match, find
from generator.request import MAX_PROMPT_CHARACTERS


def _find(prompt: str, system: str | None = None) -> Match | None:
    return find(prompt, built_in(), system)


def _defaults(prompt: str) -> dict[str, object]:
    match = _find(prompt)
    assert match is not None
    return {name: value for choice in match.choices for name, value in choice.defaults.items()}


@pytest.mark.parametrize(
    ("prompt", "folder"),
    [
        ("an S3 bucket with versioning and encryption", "aws-bucket"),
        ("an S3 bucket with replication", "aws-bucket"),
        ("Buckets for our log archive, private", "aws-bucket"),
        ("object storage for uploads", "aws-bucket"),
        ("an ECR repository", "aws-container-registry"),
        ("MySQL 8 database, multi AZ, 14 days of backups", "aws-database"),
        ("mariadb rds instance, gp3 100 GB", "aws-database"),
        ("an RDS database with backups to S3", "aws-database"),
        ("Repository for docker images; untagged images are cleaned up after a week", "aws-container-registry"),
        ("an EventBridge rule that runs every night", "aws-event-rule"),
        ("events to SQS with a DLQ", "aws-event-rule"),
        ("event bus with an archive of 30 days", "aws-event-rule"),
        ("route GuardDuty findings to SNS with eventbridge", "aws-event-rule"),
        ("a KMS key with rotation", "aws-key"),
        ("multi-region KMS key", "aws-key"),
        ("kms key for encrypting EBS volumes", "aws-key"),
        ("KMS key for our S3 buckets", "aws-key"),
        ("asymmetric signing key", "aws-key"),
        ("bucket with a KMS key as encryption key", "aws-bucket"),
        ("an S3 bucket encrypted with a KMS key", "aws-bucket"),
        ("an SQS queue with its own KMS key and rotation", "aws-queue"),
        ("SNS topic with a customer managed KMS key that is rotated", "aws-topic"),
        ("S3 bucket with KMS key with rotation", "aws-bucket"),
        ("ECR with a customer managed KMS key for encrypting images", "aws-container-registry"),
        ("customer managed key with rotation", "aws-key"),
        ("encryption key that CloudWatch Logs can use", "aws-key"),
        ("notification topic, encrypted at rest with KMS", "aws-topic"),
        ("postgres database with a KMS key", "aws-database"),
        ("an SQS queue with a dead-letter queue", "aws-queue"),
        ("a message queue for orders", "aws-queue"),
        ("queue that receives S3 events", "aws-queue"),
        ("a security group for our web servers, 443 from the load balancer only", "aws-security-group"),
        ("Firewall rules for EC2 instances (security group) with described rules", "aws-security-group"),
        ("a DynamoDB table with a hash and a range key", "aws-table"),
        ("Key-value store on AWS for feature flags (DynamoDB, on-demand)", "aws-table"),
        ("dynamo table with streams enabled so that lambda can consume changes", "aws-table"),
        ("vpc with S3 and DynamoDB gateway endpoints", "aws-vpc"),
        ("an SNS topic for alarms", "aws-topic"),
        ("sns -> lambda fan out", "aws-topic"),
        ("queue that our SNS topic may send to", "aws-queue"),
        ("a VPC with private subnets", "aws-vpc"),
        ("a network over three availability zones", "aws-vpc"),
        ("public and private subnets with NAT gateways", "aws-vpc"),
        ("CloudFront distribution in front of a private S3 bucket", "aws-distribution"),
        ("CDN with WAF", "aws-distribution"),
        ("an ECS Fargate service behind an ALB", "aws-service"),
        ("container service with Cloud Map service discovery", "aws-service"),
        ("background worker on fargate, no load balancer", "aws-service"),
        ("a Route 53 hosted zone", "aws-zone"),
        ("public zone with query logging", "aws-zone"),
        ("a naming and tags module", "terraform-label"),
        ("consistent labels for our resources", "terraform-label"),
        ("tags and names for buckets", "terraform-label"),
        ("an S3 bucket with tags", "aws-bucket"),
        ("S3-BUCKET!!", "aws-bucket"),
        ("an s3\u200b bucket", "aws-bucket"),
        ("not a queue but an S3 bucket", "aws-bucket"),
    ],
)
def test_the_prompt_chooses_the_template(prompt: str, folder: str) -> None:
    match = _find(prompt)
    assert match is not None
    assert match.template.folder == folder


@pytest.mark.parametrize(
    "prompt",
    [
        "make me a sandwich",
        "an EKS cluster",
        "Deploy role for the repo acme/shop, main branch only (GitHub OIDC), allowed to push to ECR",
        "an ECS cluster",
        "EFS file system encrypted with a KMS key",
        "Secrets Manager secret with a customer managed key",
        "encrypted log group with a KMS key",
        "a Pub/Sub topic with a subscription",
        "a Lambda function that reads from an SQS queue",
        "a Google Cloud Storage bucket",
        "GCS bucket",
        "an Azure virtual network",
        "Aurora MySQL database",
        "Cloud SQL postgres",
        "Cloudflare DNS records for example.org",
        "…",
        "S" * 10_000,
        "<script>alert(1)</script>",
    ],
)
def test_what_no_template_makes_fits_nowhere(prompt: str) -> None:
    assert _find(prompt) is None


def test_the_system_filters() -> None:
    assert _find("an S3 bucket", "aws") is not None
    assert _find("an S3 bucket", "terraform") is None
    assert _find("an S3 bucket", "google") is None


@pytest.mark.parametrize(
    ("prompt", "defaults"),
    [
        ("an S3 bucket", {}),
        ("an S3 bucket with versioning", {"versioning": True}),
        ("an S3 bucket without versioning", {"versioning": False}),
        ("an S3 bucket, versioning off", {"versioning": False}),
        ("an S3 bucket, don't enable versioning", {"versioning": False}),
        (
            "an S3 bucket without versioning, with KMS encryption",
            {"versioning": False, "encryption_algorithm": "aws:kms"},
        ),
        ("a bucket whose objects expire after 90 days", {"expire_after_days": 90}),
        ("a bucket with a 2 week retention", {"expire_after_days": 14}),
        ("a bucket, retention two years", {"expire_after_days": 730}),
        ("a bucket that keeps objects for 999999 days", {}),
        ("container registry that keeps only the last 10 images", {"keep_images": 10}),
        ("ecr, keep 20 images", {"keep_images": 20}),
        ("ECR with the images of the last 30 days", {}),
        ("docker images, untagged images are cleaned up after a week", {"expire_untagged_days": 7}),
        ("ecr that keeps untagged images for 3 days", {"expire_untagged_days": 3}),
        ("ECR without a customer key", {"customer_key": False}),
        ("an EventBridge rule that runs every night", {"schedule_expression": "cron(0 2 * * ? *)"}),
        ("event bus with an archive of 30 days", {"create_bus": True, "archive_days": 30}),
        ("events to SQS with a DLQ", {"dead_letter_queue": True}),
        (
            "route GuardDuty findings to SNS with eventbridge",
            {"event_pattern": '{"source":["aws.guardduty"],"detail-type":["GuardDuty Finding"]}'},
        ),
        ("eventbridge rule, 5 retries, no dead-letter queue", {"retry_attempts": 5, "dead_letter_queue": False}),
        (
            "MySQL 8 database, multi AZ, 14 days of backups",
            {"engine": "mysql", "multi_az": True, "backup_retention_days": 14},
        ),
        ("mariadb rds instance, gp3 100 GB", {"engine": "mariadb", "allocated_storage": 100}),
        (
            "rds postgres with IAM authentication and no password in state",
            {"engine": "postgres", "iam_authentication": True},
        ),
        (
            "Small dev database, postgres, db.t4g.micro, in private subnets",
            {"engine": "postgres", "instance_class": "db.t4g.micro", "multi_az": False},
        ),
        (
            "postgres 16 on RDS, no deletion protection",
            {"engine": "postgres", "engine_version": "16", "deletion_protection": False},
        ),
        ("mysql, skip the final snapshot", {"engine": "mysql", "skip_final_snapshot": True}),
        ("a KMS key with rotation", {"rotation": True}),
        ("a KMS key without rotation", {"rotation": False}),
        ("KMS key, rotate every 180 days", {"rotation": True, "rotation_days": 180}),
        ("multi-region KMS key with a deletion window of 14 days", {"multi_region": True, "deletion_window_days": 14}),
        ("RSA KMS key for code signing", {"key_spec": "RSA_4096", "key_usage": "SIGN_VERIFY"}),
        ("asymmetric KMS key", {"key_spec": "RSA_4096"}),
        ("KMS key for CloudWatch logs", {"services": ["logs.amazonaws.com"]}),
        ("a FIFO queue", {"fifo": True}),
        ("a queue without dead-letter queue", {"dead_letter_queue": False}),
        ("a queue, 3 attempts, keep messages for 7 days", {"max_receive_count": 3, "retention_seconds": 604800}),
        ("fifo topic with content based deduplication", {"fifo": True, "content_based_deduplication": True}),
        ("a DynamoDB table for sessions that expire (TTL)", {"ttl_attribute": "expires_at"}),
        ("dynamo table with streams", {"stream_view_type": "NEW_AND_OLD_IMAGES"}),
        ("DynamoDB stream of keys only", {"stream_view_type": "KEYS_ONLY"}),
        (
            "provisioned dynamodb with autoscaling between 5 and 100 capacity units",
            {"provisioned": True, "min_capacity": 5, "max_capacity": 100},
        ),
        ("a DynamoDB table, on-demand, not provisioned", {}),
        ("dynamodb without point-in-time recovery", {"point_in_time_recovery": False}),
        ("security group that denies outgoing traffic by default", {}),
        ("SNS topic without a customer key", {"customer_key": False}),
        ("a vpc in two azs with a single NAT", {"zone_count": 2, "nat_gateways": "one"}),
        ("a vpc with NAT gateway per AZ and flow logs", {"nat_gateways": "per_zone", "flow_logs": True}),
        ("a vpc without nat gateways", {"nat_gateways": "none"}),
        ("an isolated vpc", {"public_subnets": False, "nat_gateways": "none"}),
        (
            "Distribution with security headers (HSTS, CSP)",
            {"security_headers": True, "content_security_policy": "default-src 'self'"},
        ),
        (
            "a CDN for our single-page app, no security headers",
            {"single_page_application": True, "security_headers": False},
        ),
        ("a fargate service, 3 tasks, port 9000", {"desired_count": 3, "container_port": 9000}),
        ("DNS zone with DNSSEC", {"dnssec": True}),
        ("a public zone with DNSSEC, but without query logging", {"dnssec": True, "query_logging": False}),
        ("a private zone with query logging", {}),
        ("a naming module, at most 32 characters, snake case", {"delimiter": "_", "max_length": 32}),
    ],
)
def test_the_words_change_the_defaults(prompt: str, defaults: dict[str, object]) -> None:
    assert _defaults(prompt) == defaults


def test_replication_makes_the_destination_required() -> None:
    match = _find("an S3 bucket with replication")
    assert match is not None
    assert {name for choice in match.choices for name in choice.effect.require} == {"replication"}


@pytest.mark.parametrize(
    ("prompt", "inputs"),
    [
        ("Route53 zone with failover records and health checks", {"records", "health_checks"}),
        ("a hosted zone with health checks", {"health_checks"}),
        ("ECR replicated to us-west-2", {"replication_regions"}),
        ("ECR that other accounts may pull from", {"reader_account_ids"}),
        ("a KMS key that other accounts may use", {"user_arns"}),
        ("KMS key with administrators", {"administrator_arns"}),
        ("a private hosted zone", {"vpcs"}),
        ("an EventBridge rule", {"event_pattern"}),
        ("an eventbridge rule on a schedule", {"schedule_expression"}),
        ("an EventBridge rule that runs every night", set()),
        ("route GuardDuty findings to SNS with eventbridge", set()),
        ("a DynamoDB table with a hash and a range key", {"range_key"}),
        ("dynamodb with a global secondary index", {"global_secondary_indexes"}),
        ("dynamodb with a local secondary index", {"range_key", "local_secondary_indexes"}),
        ("a dynamodb global table", {"replicas"}),
        ("an ECS Fargate service behind an ALB", {"load_balancer"}),
        ("fargate service, secrets from Secrets Manager", {"secret_arns"}),
        ("container service with Cloud Map service discovery", {"discovery_namespace_id"}),
        ("background worker on fargate, no load balancer", set()),
        ("CDN with WAF", {"web_acl_arn"}),
        ("cloudfront with access logs to s3", {"logging"}),
    ],
)
def test_what_only_the_caller_knows_is_required(prompt: str, inputs: set[str]) -> None:
    match = _find(prompt)
    assert match is not None
    assert {name for choice in match.choices for name in choice.effect.require} == inputs


def test_what_is_left_out_is_named() -> None:
    match = _find("an S3 bucket with a Lambda trigger")
    assert match is not None
    assert match.left_out == ("lambda",)


def test_the_same_prompt_gives_the_same_answer() -> None:
    assert _find("an S3 bucket with KMS, keep 30 days") == _find("an S3 bucket with KMS, keep 30 days")


@pytest.mark.parametrize("unit", ["a", "bucket ", "no versioning ", "((((", "\u202e", "9", "keep 9 ", "\n/generate x"])
def test_a_huge_prompt_costs_no_more_than_the_largest_allowed(unit: str) -> None:
    huge = (unit * (64 * 1024))[: 64 * 1024]
    # Counted in words looked at, not in seconds: nothing behind the limit is read.
    assert _find(huge) == _find(huge[:MAX_PROMPT_CHARACTERS])


@given(st.text(max_size=300))
def test_any_text_is_read(prompt: str) -> None:
    _find(prompt)
    _find(f"an s3 bucket {prompt}")
