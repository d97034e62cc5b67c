"""The stages that pipelines are made of, one module each, and what they share."""
