// The whole program of a link test: what is tested is that it links (tests/house/CMakeLists.txt).
int main() {}
