"""How the site is made: what is public, the pages that are generated, the pictures, and the checks of the result."""
