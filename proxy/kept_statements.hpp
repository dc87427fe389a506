#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/facts.hpp"

namespace proxy {

// Questions of ours that the server keeps prepared for a session which asks them again and again: parsing and planning the
// largest costs five times what running it does, and from its sixth use on the server plans it no more (plan_cache_mode,
// manual 20.7.4). A session with few schema changes has none; the others are to be seen in pg_prepared_statements.
//
// They are the client's to DEALLOCATE as its own are (26000: asked again), and it might put other texts under their names, so
// as to be told about as it likes: what the server has there is read in the same exchange.
class kept_statements {
public:
    static constexpr int asked_before = 4;  // so often without being kept

    // Of those that the server has, by name, the texts.
    using texts = std::map<std::string, std::string>;

    // Makes of queries that have a name (kept_as) what this session may ask instead: without the name where it is asked
    // too rarely, without the text where the server has it. Where there are such, the query for the proof comes first.
    texts take(std::vector<policy::catalog_query>& queries);

    // Whether the rows of that query say that the server has these texts.
    static bool proven(const texts& expected, const policy::catalog_rows& rows);

    // Something of the exchange failed: what the server has is not known.
    void doubt() noexcept;

private:
    struct question {
        int asked = 0;
        bool there = false;
    };
    std::map<std::string_view, question> questions_;  // the names live as long as the program
};

// What the server knows a kept query by.
std::string server_name(std::string_view kept_as);

}  // namespace proxy
