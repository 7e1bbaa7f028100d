"""What people say to each other about an item, and whom they mention."""
