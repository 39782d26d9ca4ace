"""The language everybody speaks: values, ports, errors and the plugin registry."""
