"""One benchmark a file, each beside the library that it is compared with."""
