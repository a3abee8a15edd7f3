"""Where lists of papers come from: Hugging Face, and digests in Markdown."""
