"""What the bot does: each service carries out the domain's decisions over sources and storage."""
