"""Reading what belongs to the program, changing none of it: tensors, graphs, attributes, lines."""
