#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace claims {

// One statement (or a few, in one transaction) whose effects are predicted and measured.
struct entry {
    std::string id;
    std::string target;  // the relation that it is about; empty: none
    std::vector<std::string> before;    // committed first
    std::vector<std::string> settings;  // name=value, of the measuring session
    std::vector<std::string> after;     // removes what a copy of the database does not keep to itself; may fail
    std::string sql;
    bool alone = true;  // may be run again outside of a transaction where it is refused in one
};

struct corpus {
    std::string fixture;  // SQL for the database that every entry gets a copy of
    std::vector<entry> entries;
};

// Reads a file in the format that the head of lock_corpus.sql explains, and adds to what is there.
void read_corpus(const std::filesystem::path& file, corpus& into);

}  // namespace claims
