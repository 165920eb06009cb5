"""What AWS SAM adds to CloudFormation's templates."""
