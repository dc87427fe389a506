// config/example.yaml is what `lockkeeper config print` says without a file: every key, its default, what it does.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace {

constexpr const char* path = SOURCE_DIR "/config/example.yaml";

std::string example() {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(example, is_what_the_program_prints) {
    EXPECT_EQ(example(), config::print({}))
        << "config/example.yaml is out of date; to make it anew: env -u PGHOST -u PGPORT lockkeeper config print > config/example.yaml";
}

TEST(example, loads_to_the_defaults) { EXPECT_EQ(config::print(config::load_file(path)), config::print({})); }

TEST(example, names_every_key_once_with_a_sentence_before_it) {
    std::istringstream lines(example());
    std::string line, section, comment;
    std::vector<std::string> found;
    while (std::getline(lines, line)) {
        const auto word = line.substr(0, line.find(':'));
        if (const auto start = line.find_first_not_of(' '); start == line.npos || line[start] == '#') {
            if (!line.starts_with("#  ") && !line.starts_with("# -")) comment = line;  // those are an example
        } else if (line.ends_with(":")) {
            section = word + ".";
        } else {
            found.push_back(start == 0 ? word : section + word.substr(start));
            EXPECT_TRUE(comment.ends_with(".")) << line;
            comment.clear();
        }
    }
    std::vector<std::string> wanted;
    for (const auto& k : config::keys()) wanted.emplace_back(k.path);
    wanted.insert(wanted.end(), {"rules", "scopes"});
    EXPECT_EQ(found, wanted);
}

}  // namespace
