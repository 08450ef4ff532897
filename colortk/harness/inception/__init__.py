"""The Inception network of FID and KID, whose weights the user brings."""
