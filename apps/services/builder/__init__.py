"""What the builder is made of below its pages: the outline, the kinds to choose from, the forms made of what kinds say of themselves."""
