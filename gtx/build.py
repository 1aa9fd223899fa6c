"""From a ConfigDict to objects. The names that a config may use are the keys of the dicts here."""
