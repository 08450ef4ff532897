"""What every trainer shares: pictures, their split, manifests."""
