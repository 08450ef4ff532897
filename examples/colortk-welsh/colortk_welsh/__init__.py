"""Color transfer from a reference picture: Welsh, Ashikhmin and Mueller, 2002."""
