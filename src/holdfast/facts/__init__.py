"""What is true: components, hosts, inventory, manifests, read from files and given facts."""
