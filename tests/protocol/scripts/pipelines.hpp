#pragma once

#include "startups.hpp"

namespace script {

// The extended protocol: manual 55.2.3 and 55.2.4 (pipelining).
inline constexpr conversation pipelines[] = {
    {"one_statement_in_one_go", source::server, R"(
        > P#1 /select 1 | in_reply I 1
        > B /           | in_reply I 2
        > D P/          | in_reply I 3
        > E#2 /0        | in_reply I 4
        > S             | in_reply I 5
        < 1             | in_reply I 4 | P#1.
        < 2             | in_reply I 3 | B.
        < T             | in_reply I 2 | D.
        < D             | in_reply I 2 | E#2
        < C             | in_reply I 1 | E#2.
        < Z I           | ready I 0    | S.
    )"},
    {"one_message_at_a_time_flushed", source::server, R"(
        > P /select 1   | in_reply I 1
        > H             | in_reply I 1
        < 1             | in_reply I 0 | P.
        > D S/          | in_reply I 1
        > H             | in_reply I 1
        < t             | in_reply I 1 | D
        < T             | in_reply I 0 | D.
        > B /           | in_reply I 1
        > H             | in_reply I 1
        < 2             | in_reply I 0 | B.
        > E /0          | in_reply I 1
        > H             | in_reply I 1
        < D             | in_reply I 1 | E
        < C             | in_reply I 0 | E.
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"named_statement_and_portal", source::server, R"(
        > P s/select 1  | in_reply I 1
        > B p/s         | in_reply I 2
        > S             | in_reply I 3
        < 1             | in_reply I 2 | P.
        < 2             | in_reply I 1 | B.
        < Z I           | ready I 0    | S.
        > B p/s         | in_reply I 1
        > E p/0         | in_reply I 2
        > C P/p         | in_reply I 3
        > C#4 S/s       | in_reply I 4
        > C S/none      | in_reply I 5
        > S             | in_reply I 6
        < 2             | in_reply I 5 | B.
        < D             | in_reply I 5 | E
        < C             | in_reply I 4 | E.
        < 3             | in_reply I 3 | C.
        < 3             | in_reply I 2 | C#4.
        < 3             | in_reply I 1 | C.
        < Z I           | ready I 0    | S.
    )"},
    {"describe_of_what_returns_no_rows", source::server, R"(
        > P /create table u () | in_reply I 1
        > D S/          | in_reply I 2
        > B /           | in_reply I 3
        > D P/          | in_reply I 4
        > E /0          | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P.
        < t             | in_reply I 5 | D
        < n             | in_reply I 4 | D.
        < 2             | in_reply I 3 | B.
        < n             | in_reply I 2 | D.
        < C             | in_reply I 1 | E.
        < Z I           | ready I 0    | S.
    )"},
    {"execute_of_an_empty_text", source::server, R"(
        > P /           | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > S             | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < I             | in_reply I 1 | E.
        < Z I           | ready I 0    | S.
    )"},
    {"a_row_limit_suspends_the_portal", source::server, R"(
        > P /values (1), (2), (3) | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /2        | in_reply I 3
        > H             | in_reply I 3
        < 1             | in_reply I 2 | P.
        < 2             | in_reply I 1 | B.
        < D             | in_reply I 1 | E#1
        < D             | in_reply I 1 | E#1
        < s             | in_reply I 0 | E#1.
        > E#2 /2        | in_reply I 1
        > S             | in_reply I 2
        < D             | in_reply I 2 | E#2
        < C             | in_reply I 1 | E#2.
        < Z I           | ready I 0    | S.
    )"},
    {"sync_alone", source::server, R"(
        > S             | in_reply I 1
        > S             | in_reply I 2
        < Z I           | in_reply I 1 | S.
        < Z I           | ready I 0    | S.
    )"},
    {"flush_alone_owes_nothing", source::server, R"(
        > H             | ready I 0
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"an_error_takes_the_pipeline_along", source::server, R"(
        > P /select 1   | in_reply I 1
        > B#1 /none     | in_reply I 2
        > D P/          | in_reply I 3
        > E#2 /0        | in_reply I 4
        > P#3 /select 2 | in_reply I 5
        > S             | in_reply I 6
        > P#4 /select 3 | in_reply I 7
        > S             | in_reply I 8
        < 1             | in_reply I 7 | P.
        < E             | in_reply I 3 | B#1. -2
        < Z I           | in_reply I 2 | S.
        < 1             | in_reply I 1 | P#4.
        < Z I           | ready I 0    | S.
    )"},
    {"an_error_in_each_of_two_segments", source::server, R"(
        > P#1 /oops     | in_reply I 1
        > E#2 /0        | in_reply I 2
        > S             | in_reply I 3
        > P#3 /oops     | in_reply I 4
        > E#4 /0        | in_reply I 5
        > S             | in_reply I 6
        < E             | in_reply I 4 | P#1. -1
        < Z I           | in_reply I 3 | S.
        < E             | in_reply I 1 | P#3. -1
        < Z I           | ready I 0    | S.
    )"},
    {"an_error_before_sync_is_sent_skips_all_until_then", source::server, R"(
        > P /oops       | in_reply I 1
        > H             | in_reply I 1
        < E             | skipping I 0 | P.
        > B#1 /         | skipping I 0
        > E#2 /0        | skipping I 0
        > H             | skipping I 0
        > C S/x         | skipping I 0
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
        > Q select 1; select 1/i from generate_series(0, 1) i | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < T             | in_reply I 1 | Q
        < E             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"a_query_and_a_function_call_are_skipped_too", source::server, R"(
        > P /oops       | in_reply I 1
        > H             | in_reply I 1
        < E             | skipping I 0 | P.
        > Q#1 select 1  | skipping I 0
        > F#2 2026      | skipping I 0
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"a_query_and_a_function_call_behind_the_error_are_skipped_too", source::server, R"(
        > P /oops       | in_reply I 1
        > Q#1 select 1  | in_reply I 2
        > F#2 2026      | in_reply I 3
        > P#3 /select 1 | in_reply I 4
        > S             | in_reply I 5
        < E             | in_reply I 1 | P. -3
        < Z I           | ready I 0    | S.
    )"},
    {"a_query_behind_the_error_and_no_sync_yet", source::server, R"(
        > P /oops       | in_reply I 1
        > Q select 1    | in_reply I 2
        < E             | skipping I 0 | P.
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"a_query_in_place_of_sync", source::server, R"(
        > P /select 1   | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > Q select 2    | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < D             | in_reply I 2 | E
        < C             | in_reply I 1 | E.
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"an_error_at_the_commit_is_of_the_sync", source::server, R"(
        > P#1 /insert into deferred values (1), (1) | in_reply I 1
        > B /           | in_reply I 2
        > E#2 /0        | in_reply I 3
        > S             | in_reply I 4
        > P#3 /select 1 | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P#1.
        < 2             | in_reply I 4 | B.
        < C             | in_reply I 3 | E#2.
        < E             | in_reply I 3 | S
        < Z I           | in_reply I 2 | S.
        < 1             | in_reply I 1 | P#3.
        < Z I           | ready I 0    | S.
    )"},
    {"a_failed_transaction_stays_failed_behind_sync", source::server, R"(
        > P /begin      | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > P /oops       | in_reply I 4
        > S             | in_reply I 5
        < 1             | in_reply I 4 | P.
        < 2             | in_reply I 3 | B.
        < C             | in_reply I 2 | E.
        < E             | in_reply I 1 | P.
        < Z E           | ready E 0    | S.
    )"},
    {"ours_between_the_clients", source::server, R"(
        > P /select 1   | in_reply I 1
        * P o/select 2  | in_reply I 2
        * B o/o         | in_reply I 3
        * E o/0         | in_reply I 4
        * C S/o         | in_reply I 5
        * H             | in_reply I 5
        < 1             | in_reply I 4 | P.
        < 1             | in_reply I 3 | ours P.
        < 2             | in_reply I 2 | ours B.
        < D             | in_reply I 2 | ours E
        < C             | in_reply I 1 | ours E.
        < 3             | in_reply I 0 | ours C.
        > B#1 /         | in_reply I 1
        * S             | in_reply I 2
        < 2             | in_reply I 1 | B#1.
        < Z I           | ready I 0    | ours S.
    )"},
    {"ours_are_skipped_by_an_error_of_the_clients", source::server, R"(
        > P#1 /oops     | in_reply I 1
        * P o/select 2  | in_reply I 2
        * S             | in_reply I 3
        < E             | in_reply I 1 | P#1. -ours
        < Z I           | ready I 0    | ours S.
    )"},
    {"an_error_of_ours_skips_the_clients", source::server, R"(
        * P o/oops      | in_reply I 1
        > P#1 /select 1 | in_reply I 2
        > S             | in_reply I 3
        < E             | in_reply I 1 | ours P. -1
        < Z I           | ready I 0    | S.
    )"},
};

}  // namespace script
