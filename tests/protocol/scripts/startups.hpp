#pragma once

#include <string_view>

// The language is explained in script.hpp.
namespace script {

// Where the server's side of a conversation comes from.
enum class source {
    tags,    // from the manual: no server can be made to say it at will
    server,  // a real server says it too (tests/protocol/live)
};

struct conversation {
    std::string_view name;
    source from;
    std::string_view text;
};

// Manual 55.2.1. Whatever the method, the client answers with messages of tag 'p'.
inline constexpr conversation startups[] = {
    {"trust", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        < S             | authentication I 0 | async
        < K             | authentication I 0 | async
        < Z I           | ready I 0          | async
        > Q select 1    | in_reply I 1
    )"},
    {"password", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < R             | authentication I 0 | async
        < S             | authentication I 0 | async
        < K             | authentication I 0 | async
        < Z I           | ready I 0          | async
    )"},
    {"sasl_in_three_messages", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < R             | authentication I 0 | async
        < R             | authentication I 0 | async
        < S             | authentication I 0 | async
        < S             | authentication I 0 | async
        < K             | authentication I 0 | async
        < Z I           | ready I 0          | async
    )"},
    {"gss_goes_on_as_long_as_it_takes", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < R             | authentication I 0 | async
        < K             | authentication I 0 | async
        < Z I           | ready I 0          | async
    )"},
    {"negotiation_of_the_version_and_a_notice_come_first", source::tags, R"(
        ^               | authentication I 0
        < v             | authentication I 0 | async
        < N             | authentication I 0 | async
        < R             | authentication I 0 | async
        < Z I           | ready I 0          | async
    )"},
    {"no_backend_key_data", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        < S             | authentication I 0 | async
        < Z I           | ready I 0          | async
    )"},
    {"wrong_password", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > p             | authentication I 0
        < E FATAL       | closed I 0         | async
    )"},
    {"nothing_else_passes_before_the_first_ready", source::tags, R"(
        > Q select 1    | startup I 0        | refused
        > p             | startup I 0        | refused
        ^               | authentication I 0
        > Q select 1    | authentication I 0 | refused
        > P /select 1   | authentication I 0 | refused
        > S             | authentication I 0 | refused
        > d 1\n         | authentication I 0 | refused
        < R             | authentication I 0 | async
        > p             | authentication I 0
        > Q select 1    | authentication I 0 | refused
        < Z I           | ready I 0          | async
    )"},
    {"the_client_gives_up", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > X             | closed I 0
    )"},
    {"the_client_gives_up_but_the_server_has_let_it_in", source::tags, R"(
        ^               | authentication I 0
        < R             | authentication I 0 | async
        > X             | closed I 0
        < K             | closed I 0         | async
        < Z I           | closed I 0         | async
    )"},
};

}  // namespace script
