"""Language models: what they are asked, what they answered, and the way there."""
