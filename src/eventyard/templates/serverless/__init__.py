"""Files of Serverless Framework: variables, functions and their events."""
