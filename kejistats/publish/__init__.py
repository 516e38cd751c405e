"""Mail: what is final goes to who is listed for it, once, and is readable there."""
