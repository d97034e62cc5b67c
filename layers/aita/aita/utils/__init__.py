"""The framework under the names of the earlier tool. New programs import from ``aita`` itself."""
