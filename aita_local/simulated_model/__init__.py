"""A server of OpenAI's and Amazon Bedrock's APIs on loopback that knows the sample exam only."""
