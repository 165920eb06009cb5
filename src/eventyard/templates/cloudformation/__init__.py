"""CloudFormation templates: sections, functions and resources."""
