#pragma once

namespace proxy {

// The command line. Exit status: 0 fine, 1 findings, 2 usage or configuration, 3 could not connect.
int run_command(int argc, char** argv);

}  // namespace proxy
