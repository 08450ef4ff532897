"""AlexNet and the heads of LPIPS: how the network was built, and how it is run."""
