"""What makes things from the book and is no part of the package."""
