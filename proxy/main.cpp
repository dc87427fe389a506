#include "proxy/cli.hpp"

int main(int argc, char** argv) { return proxy::run_command(argc, argv); }
