// Linked with one layer, whole: an undefined symbol would mean that the layer needs one above it.
int main() { return 0; }
