"""What scanners say of a module: Checkov in a process of its own, trivy and tflint where there are any, credentials."""
