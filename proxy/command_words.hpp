#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proxy {

// The words of the command line, as CLI11 was told them: what the manual page and the completion of shells are written from.
struct option_words {
    std::vector<std::string> names;    // "-f", "--follow"; none: what stands there by itself
    std::string name;                  // the longest of them, or "files"
    std::string takes;                 // FILE, DIR, RULE, TEXT ...; empty: a flag
    std::vector<std::string> choices;  // where there are only some
    std::string meaning;
    bool required = false, many = false;
};

struct command_words {
    std::string path;  // "audit tail"; of the program itself ""
    std::string meaning;
    std::vector<option_words> options, arguments;
    std::vector<command_words> commands;
};
command_words words_of(const CLI::App& app, const std::string& path = "");

// All of them that can be run, the tree's leaves, in their order.
std::vector<const command_words*> leaves_of(const command_words& tree);

// The scripts that complete a command line.
std::string bash_completion(const command_words& tree);
std::string zsh_completion(const command_words& tree);

// lockkeeper(1) and lockkeeper.yaml(5), for man.
std::string manual_of_program(const command_words& tree);
std::string manual_of_file();

}  // namespace proxy
